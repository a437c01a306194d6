"""Paths that need neither database nor cache: fast, slow, failing, redirecting."""
