"""Paths that use the database and the cache."""
