"""For a while the page of the metrics takes longer than a scrape may."""

from harness.faults import Act, Fault, Injection

MIDDLEWARE = """\
import os
import time


def busy(get_response):
    def answer(request):
        if request.path == "/metrics" and os.path.exists(os.environ["BUSY"]):
            time.sleep(1.2)
        return get_response(request)

    return answer
"""
TOUCH = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"
REMOVE = "import pathlib, sys; pathlib.Path(sys.argv[1]).unlink()"

FAULT = Fault(
    number=80,
    id="slow-scrapes",
    does="For a while the page of the metrics takes longer than a scrape may.",
    lie="up is 0 just while the app is busiest, and rate() bridges the gap",
    mend="the scrape job: a longer scrape_timeout; the app: fewer series, or fewer files of dead workers to merge",
    caught_by=("scrape-health",),
    quiet=("generator-health",),
    cause="slow-scrapes",
    injection=Injection(
        modules={"pages.py": MIDDLEWARE},
        settings='MIDDLEWARE = ["pages.busy", *MIDDLEWARE]\n',
        env={"BUSY": "{fault}/busy"},
        profile={"quiet_timeout_s": 3.0},
        acts=(
            Act(2.0, ("{python}", "-c", TOUCH, "{fault}/busy")),
            Act(3.5, ("{python}", "-c", REMOVE, "{fault}/busy")),
        ),
    ),
)
