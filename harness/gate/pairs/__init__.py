"""Pairs of runs of base and candidate beside each other."""
