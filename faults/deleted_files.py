"""A clean-up job deletes the metrics files of one worker that still runs."""

from harness.faults import Act, Fault, Injection

CLEAN = """\
import pathlib
import sys

from prometheus_client.mmap_dict import MmapedDict


def counted(file):
    return sum(value for _, value, *_ in MmapedDict.read_all_values_from_file(str(file)))


directory = pathlib.Path(sys.argv[1])
chosen = sorted(directory.glob("counter_*.db"), key=counted)[1]
for file in directory.glob(f"*_{chosen.stem.split('_')[-1]}.db"):
    file.unlink()
"""
"""Not the worker that is idle, nor one that has counted more than all do in one interval."""

FAULT = Fault(
    number=48,
    id="deleted-files",
    does="A clean-up job deletes the metrics files of one worker that still runs.",
    lie="a quarter of the counts is gone, and what that worker does from then on is lost",
    mend="the clean-up job: leave PROMETHEUS_MULTIPROC_DIR alone while the app runs, however old its files are",
    caught_by=("scrape-health", "request-conservation"),
    quiet=("generator-health",),
    cause="recycled-workers",
    injection=Injection(
        modules={"clean.py": CLEAN},
        command=("{command}", "--keep-alive", "0"),
        env={"TARGET_WORKERS": "4"},
        profile={"quiet_timeout_s": 3.0},
        acts=(Act(2.5, ("{python}", "{fault}/clean.py", "{tmp}/target/multiproc")),),
    ),
)
