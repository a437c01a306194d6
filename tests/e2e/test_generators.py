"""Load commands against the reference target: counts are exact, what is wrong is caught, what fails is named."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from harness.core.report import Report
from harness.report.render.json_report import parse
from tests.e2e.conftest import PROJECT, Harness, Writer, rows_of

GOT = ("work/fast", "work/fast", "work/fast", "work/page", "work/slow?n=3", "work/fail", "nowhere")
BROWSES = f"""
    import csv, http.client, sys, threading, time

    samples, target, duration = sys.argv[1:]
    end, rows = time.time() + float(duration.rstrip("s")), []

    def visit():
        connection = http.client.HTTPConnection(target.removeprefix("http://"), timeout=10)
        while time.time() < end:
            for path in {GOT!r}:
                start, begin = time.time(), time.perf_counter()
                connection.request("GET", "/" + path)
                response = connection.getresponse()
                response.read()
                took = time.perf_counter() - begin
                rows.append((f"{{start:.6f}}", f"{{took:.6f}}", "GET", f"{{target}}/{{path}}", response.status))
                time.sleep(0.03)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for each in visitors:
        each.start()
    for each in visitors:
        each.join()
    with open(samples, "w", newline="") as file:
        csv.writer(file).writerows([("start", "latency", "method", "url", "status"), *rows])
"""
K6 = """
    import http from 'k6/http';
    import { sleep } from 'k6';

    export const options = { vus: 4 };

    export default function () {
      for (const path of __ENV.PATHS.split(' ')) {
        http.get(`${__ENV.TARGET}/${path}`);
        sleep(0.02);
      }
      http.get(`${__ENV.TARGET}/work/redirect`);
    }
"""
SOME = ("--load-command", "sh {samples}", "--format", "csv")
needs_k6 = pytest.mark.skipif(shutil.which("k6") is None, reason="k6 is not on PATH (docs/generators.md)")
needs_vegeta = pytest.mark.skipif(shutil.which("vegeta") is None, reason="vegeta is not on PATH (docs/generators.md)")


def report_of(out: Path) -> Report:
    return parse((out / "report.json").read_text())


def wrong_counts(out: Path) -> set[str]:
    """The subjects of counts that failed."""
    verdicts = report_of(out).verdicts
    return {each.subject for each in verdicts if each.status == "fail" and each.check == "request-counts"}


def own(write: Writer) -> tuple[str, ...]:
    """A command of one's own, with the flags that name it."""
    program = write.file("browse.py", BROWSES)
    return ("--load-command", f"{sys.executable} {program} {{samples}} {{target}} {{duration}}", "--format", "csv")


def k6(write: Writer, format_: str) -> tuple[str, ...]:
    script = write.file("browse.js", K6)
    out = f"{format_.removeprefix('k6-')}={{samples}}"
    words = f"k6 run --duration {{duration}} -e TARGET={{target}} -e 'PATHS={' '.join(GOT)}' --out {out} {script}"
    return ("--load-command", words, "--format", format_)


def check_counts(out: Path, report: Report) -> None:
    """Every response is compared with its view, its method and its status, and none is wrong."""
    checks = {"request-counts", "request-conservation", "response-conservation", "running-counts", "error-ratio"}
    assert [each for each in report.verdicts if each.check in checks and each.status != "pass"] == []
    subjects = {each.subject for each in report.verdicts if each.check == "request-counts"}
    assert {"work:fast GET 200", "work:page GET 200", "work:fail GET 500", "<unnamed view> GET 404"} <= subjects
    assert report.samples == len(rows_of(out)) > 50


def test_a_script_of_ones_own_is_verified(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """Without headers the views come from the probes; nothing fails, and the report says what was not proved."""
    out = tmp_path / "run"
    done = harness.run("run", "--duration", "6s", *own(write), "--out", out)
    assert "no warm-up: the load command is run once" in done.err
    report = report_of(out)
    assert [each for each in report.verdicts if each.status == "fail"] == [], done.told
    check_counts(out, report)
    inconclusive = {each.code for each in report.verdicts if each.status == "inconclusive"}
    assert inconclusive <= {"saturated"}, done.told  # by whatever else runs on the machine
    assert {"unsaid-headers", "unsaid-rows", "unsaid-plan"} <= {each.id for each in report.not_proved}
    run = json.loads((out / "run.json").read_text())
    assert run["scenario"].endswith("browse.py")
    assert run["views"]["/work/slow"] == "work:slow"
    assert not list((out / "logs").glob("load-results*"))


def test_swapped_labels_are_caught_through_it(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """One response of a hundred under another view: both views' counts are off."""
    out = tmp_path / "run"
    done = harness.run("run", "--fault", "swapped-labels", "--duration", "6s", *own(write), "--out", out)
    assert done.code == 1, done.told
    assert wrong_counts(out) == {"work:fast GET 200", "work:page GET 200"}


@needs_k6
@pytest.mark.parametrize("format_", ["k6-csv", "k6-json"])
def test_k6_is_verified(harness: Harness, write: Writer, tmp_path: Path, format_: str) -> None:
    """Its redirects have samples of their own, so nothing is hidden."""
    out = tmp_path / "run"
    done = harness.run("run", "--duration", "6s", *k6(write, format_), "--out", out)
    report = report_of(out)
    assert [each for each in report.verdicts if each.status == "fail"] == [], done.told
    check_counts(out, report)
    counts = {each.subject: each for each in report.verdicts if each.check == "request-counts"}
    assert counts["work:redirect GET 302"].expected == counts["work:redirect GET 302"].observed
    assert {"unsaid-redirects", "unsaid-starts", "unsaid-in-flight"} & {each.id for each in report.not_proved} == set()
    assert report.users == 4


@needs_k6
def test_swapped_labels_are_caught_through_k6(harness: Harness, write: Writer, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = harness.run("run", "--fault", "swapped-labels", "--duration", "6s", *k6(write, "k6-csv"), "--out", out)
    assert done.code == 1, done.told
    assert wrong_counts(out) == {"work:fast GET 200", "work:page GET 200"}


@needs_vegeta
@pytest.mark.parametrize("follows", [False, True])
def test_vegeta_is_verified_with_its_witness(harness: Harness, write: Writer, tmp_path: Path, follows: bool) -> None:
    """From both sides; redirects that it follows widen the counts by as many, and the report says so."""
    out, hops = tmp_path / "run", "" if follows else "-redirects=-1"
    program = write.file(
        "attack.sh",
        f"""
        for path in {" ".join(GOT)} work/redirect; do echo "GET $2/$path"; done |
            vegeta attack -rate 60 -duration "$3" {hops} -output "$1"
        """,
    )
    words = f"sh {program} {{samples}} {{target}} {{duration}}"
    done = harness.run("run", "--duration", "6s", "--load-command", words, "--format", "vegeta", "--out", out)
    report = report_of(out)
    assert [each for each in report.verdicts if each.status == "fail"] == [], done.told
    check_counts(out, report)
    assert all(row["witness_view_s"] is not None for row in rows_of(out))
    found = {each.id: each.number for each in report.not_proved}
    assert "unsaid-headers" not in found
    redirected = sum(row["name"] == "/work/redirect" for row in rows_of(out))
    assert found.get("unsaid-redirects", 0) == (redirected if follows else 0)


def test_a_command_that_fails_is_named_and_leaves_nothing(harness: Harness, write: Writer) -> None:
    """With the end of what it printed."""
    program = write.file("fails.py", "raise SystemExit('no such script: shop.js')")
    words = f"{sys.executable} {program} {{samples}}"
    done = harness.run("run", "--duration", "2s", "--load-command", words, "--format", "csv")
    assert done.code == 2, done.told
    assert "failed (exit 1) before it wrote a sample" in done.err
    assert "no such script: shop.js" in done.err


def test_results_of_another_format_are_named_with_their_line(harness: Harness, write: Writer) -> None:
    program = write.file("other.py", "import sys\nopen(sys.argv[1], 'w').write('url,code\\n/,200\\n')")
    words = f"{sys.executable} {program} {{samples}}"
    done = harness.run("run", "--duration", "2s", "--load-command", words, "--format", "k6-csv")
    assert done.code == 2, done.told
    assert "load-results, line 1: names no column 'metric_name'; it is 'url,code'" in done.err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--load-command", "no-such-tool {samples}", "--format", "csv"), "'no-such-tool' was not found on PATH"),
        (("--load-command", "sh {samples}"), "load: format is missing"),
        (("--format", "csv"), "load: command is missing"),
        (("--load-command", "sh", "--format", "csv"), "load.command: {samples} is missing"),
        ((*SOME, "--workers", "2"), "--workers: has no effect with a load command; leave it out"),
        ((*SOME, "--locustfile", "l.py"), "--locustfile: not allowed with --load-command"),
    ],
)
def test_wrong_flags_are_named_before_anything_is_started(
    harness: Harness, flags: tuple[str, ...], message: str
) -> None:
    done = harness.run("run", *flags)
    assert done.code == 2, done.told
    assert message in done.err
    assert "starting" not in done.err


def test_a_gate_takes_locust_alone(harness: Harness, write: Writer) -> None:
    config = write.file(
        "harness.toml",
        f"""
        [profiles.test]
        gated_views = ["work:fast"]
        load = {{ command = "sh {{samples}}", format = "csv" }}
        [profiles.test.start]
        command = ["sh", "{PROJECT}", "{{port}}"]
        """,
    )
    done = harness.run("gate", "--config", config, "--base", "http://127.0.0.1:9", "--candidate", "http://127.0.0.1:9")
    assert done.code == 2, done.told
    assert "profiles.test.load: a gate loads both sides in slices" in done.err


def test_an_interrupted_run_ends_its_command(harness: Harness, write: Writer, tmp_path: Path) -> None:
    """With all that it started."""
    program = write.file(
        "hangs.py",
        """
        import subprocess, sys, time
        subprocess.Popen(["sleep", "600"])
        open(sys.argv[1], "w").write("start\\n")
        time.sleep(600)
        """,
    )
    out = tmp_path / "run"
    words = f"{sys.executable} {program} {{samples}}"
    process = harness.start("run", "--load-command", words, "--format", "csv", "--out", out)
    try:
        deadline = time.monotonic() + 90
        while not (out / "logs" / "load-results").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    harness.check_clean()
