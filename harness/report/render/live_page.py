"""The live page: a frame that its own script fills from its own server, in the style of report.html."""

from harness.report.live import Document
from harness.report.render import html, report_script

SCRIPT = "live.js"


def render(document: Document) -> str:
    """Return the page as HTML 5 text; what it shows comes from `/events`."""
    return html.page(
        "live.html.j2",
        document=document,
        policy=report_script.policy(SCRIPT, asks_its_server=True),
        scripts=report_script.scripts(SCRIPT),
        chart_style=report_script.chart_style(),
    )
