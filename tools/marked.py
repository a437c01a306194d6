"""The part of a page that a tool makes: what stands between two comments with a name.

<!-- checks -->
...
<!-- /checks -->
"""


def replaced(page: str, name: str, text: str) -> str:
    """The page with `text` between its two comments. Raises ValueError where it has not both."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page has no {begin.strip()} with an {end.strip()} after it")
    return f"{before}{begin}{text}{end}{after}"
