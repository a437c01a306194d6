"""A page's scripts, and the policy that lets the browser run these and nothing else."""

import base64
import hashlib
import json
from functools import lru_cache
from importlib import resources

from markupsafe import Markup

HERE = "harness.report.render"


@lru_cache(maxsize=2)
def scripts(own: str = "report.js") -> tuple[Markup, ...]:
    """uPlot, what draws with it, and the page's own."""
    root = resources.files(HERE)
    files = (root / "vendor" / "uPlot.iife.min.js", root / "templates" / "charts.js", root / "templates" / own)
    return tuple(Markup(file.read_text(encoding="utf-8")) for file in files)  # noqa: S704 - files of this package


@lru_cache(maxsize=1)
def chart_style() -> Markup:
    """UPlot's style sheet."""
    return Markup((resources.files(HERE) / "vendor" / "uPlot.min.css").read_text(encoding="utf-8"))  # noqa: S704


def policy(own: str = "report.js", *, asks_its_server: bool = False) -> str:
    """Content-Security-Policy: no script but these, and no request, but perhaps to where the page came from."""
    digests = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts(own))
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    asked = "; connect-src 'self'" if asks_its_server else ""
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}{asked}"


def embedded(value: object) -> Markup:
    """JSON that can stand inside a `<script>` element: no `<` can end it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - ASCII, without a tag
