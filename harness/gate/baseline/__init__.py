"""Stored runs to compare with: the file, its integrity, its commands, its export."""
