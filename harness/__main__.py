"""`python -m harness`: the same as the command `harness`."""

from harness.cli.main import entrypoint

if __name__ == "__main__":
    entrypoint()
