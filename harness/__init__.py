"""Load a Django app with Locust and prove that its Prometheus metrics say what really happened."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("harness")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+source"
