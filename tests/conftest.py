"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("harness", deadline=None)  # a time limit inside a test fails on a busy machine
settings.load_profile("harness")
