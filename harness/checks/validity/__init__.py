"""Checks of whether the run can be judged at all."""
