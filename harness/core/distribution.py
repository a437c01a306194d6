"""What pip calls this project: the command and the package are `harness`, which on the index is another project's."""

NAME = "metrics-harness"


def installed_version() -> str:
    """Of the harness; `0+source` for a source tree that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - it takes longer than a help text

    try:
        return version(NAME)
    except PackageNotFoundError:
        return "0+source"
