"""The page's scripts, and the policy that lets the browser run these and nothing else."""

import base64
import hashlib
import json
from functools import lru_cache
from importlib import resources

from markupsafe import Markup

HERE = "harness.report.render"


@lru_cache(maxsize=1)
def scripts() -> tuple[Markup, ...]:
    """uPlot, and the page's own."""
    root = resources.files(HERE)
    files = (root / "vendor" / "uPlot.iife.min.js", root / "templates" / "report.js")
    return tuple(Markup(file.read_text(encoding="utf-8")) for file in files)  # noqa: S704 - files of this package


@lru_cache(maxsize=1)
def chart_style() -> Markup:
    """UPlot's style sheet."""
    return Markup((resources.files(HERE) / "vendor" / "uPlot.min.css").read_text(encoding="utf-8"))  # noqa: S704


def policy() -> str:
    """Content-Security-Policy: no request, no script but these two."""
    digests = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts())
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}"


def embedded(value: object) -> Markup:
    """JSON that can stand inside a `<script>` element: no `<` can end it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - ASCII, without a tag
