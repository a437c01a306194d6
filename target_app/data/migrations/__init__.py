"""Migrations of the table and its first rows."""
