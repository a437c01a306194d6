"""The plugin in a pytest of its own, on a stored run."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.recorded.stored import StoredRun

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, *arguments: str | Path) -> pytest.RunResult:
    pytester.makeini("[pytest]")  # else the root directory is that of this project, with its profiles
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def failed(run_: StoredRun) -> None:
    """A counter that is off by one thousand."""
    run_.add_to_counter("django_http_requests_total_by_view_transport_method_total", 1000.0)


def test_each_verdict_is_a_test(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """As many as the report has, all of them passed, under names that tell check and subject."""
    report = clean_run.judge()
    done = run(pytester, "--harness-run", clean_run.path, "-v")
    done.assert_outcomes(passed=len(report.verdicts))
    done.stdout.fnmatch_lines(["*::request-counts work:fast GET* PASSED*"])
    assert done.ret == 0


def test_a_failed_verdict_tells_its_why_and_no_traceback(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """Its text is the failure's, on the console and in JUnit."""
    failed(clean_run)
    wrong = [verdict for verdict in clean_run.judge().verdicts if verdict.status != "pass"]
    assert wrong
    junit = pytester.path / "junit.xml"
    done = run(pytester, "--harness-run", clean_run.path, f"--junitxml={junit}")
    assert done.ret == 1
    assert done.parseoutcomes()["failed"] == len(wrong)
    assert wrong[0].why in junit.read_text().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    assert "Traceback" not in done.stdout.str()
    assert "pytest_plugin.py" not in done.stdout.str()


def test_inconclusive_is_no_pass(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """Without any answer of Prometheus nothing is known, and nothing is green that rests on one."""
    clean_run.change_evidence(list.clear)
    done = run(pytester, "--harness-run", clean_run.path)
    assert done.ret == 1
    done.stdout.fnmatch_lines(["*INCONCLUSIVE: *"])


def test_a_report_without_verdicts_is_no_pass(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """One test stands for it and fails."""
    pytester.makeconftest(
        """
        import dataclasses
        import harness.runs.judge
        judge = harness.runs.judge.judge
        harness.runs.judge.judge = lambda directory: dataclasses.replace(judge(directory), verdicts=())
        """
    )
    done = run(pytester, "--harness-run", clean_run.path)
    done.assert_outcomes(failed=1)


def test_selection_and_xfail_are_those_of_pytest(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """-k chooses by check or subject; a conftest marks by verdict."""
    failed(clean_run)
    report = clean_run.judge()
    chosen = [verdict for verdict in report.verdicts if verdict.check == "request-counts"]
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if item.verdict.status == "fail":
                    item.add_marker(pytest.mark.xfail(reason="known", strict=True))
        """
    )
    done = run(pytester, "--harness-run", clean_run.path, "-k", "request-counts")
    wrong = sum(verdict.status == "fail" for verdict in chosen)
    assert 0 < wrong < len(chosen)
    done.assert_outcomes(passed=len(chosen) - wrong, xfailed=wrong, deselected=len(report.verdicts) - len(chosen))


def test_users_assert_on_the_report(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """The fixture gives the same report; without a run such tests are skipped."""
    samples = clean_run.judge().samples
    pytester.makepyfile(f"def test_load(harness_report): assert harness_report.samples == {samples}")
    run(pytester, "--harness-run", clean_run.path, "-k", "test_load").assert_outcomes(
        passed=1, deselected=len(clean_run.judge().verdicts)
    )
    run(pytester).assert_outcomes(skipped=1)


def test_collecting_a_stored_run_lists_its_verdicts(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """Without running a test."""
    verdicts = clean_run.judge().verdicts
    done = run(pytester, f"--harness-run={clean_run.path}", "--collect-only", "-q")
    assert done.ret == 0
    assert sum("::" in line for line in done.outlines) == len(verdicts)
    done.stdout.fnmatch_lines([f"{len(verdicts)} tests collected in *"])
    chosen = sum(verdict.check == "request-counts" for verdict in verdicts)
    told = run(pytester, f"--harness-run={clean_run.path}", "--collect-only", "-k", "request-counts")
    told.stdout.fnmatch_lines([f"*{chosen}/{len(verdicts)} tests collected*"])


def test_a_name_from_outside_is_made_safe(pytester: pytest.Pytester, clean_run: StoredRun) -> None:
    """Neither a terminal nor JUnit takes it for something else."""
    pytester.makeconftest(
        """
        import dataclasses
        import harness.runs.judge
        from harness.core.codes import Code
        from harness.core.verdict import Status, Verdict
        judge = harness.runs.judge.judge
        bad = Verdict("rate", "/item/[id]/::x \\x1b[31m\\n", Status.PASS, "fine", code=Code.AGREES)
        harness.runs.judge.judge = lambda d: dataclasses.replace(judge(d), verdicts=(bad, bad), profile="a::b [x]")
        """
    )
    junit = pytester.path / "junit.xml"
    done = run(pytester, f"--harness-run={clean_run.path}", "-v", f"--junitxml={junit}")
    done.assert_outcomes(passed=2)
    assert "\x1b[31m" not in done.stdout.str()
    cases = list(ET.parse(junit).iter("testcase"))
    assert {case.get("classname") for case in cases} == {"harness.a:b (x)"}
    assert [case.get("name") for case in cases] == [
        "rate /item/(id)/:x \N{REPLACEMENT CHARACTER}(31m",
        "rate /item/(id)/:x \N{REPLACEMENT CHARACTER}(31m #2",
    ]


def test_the_profiles_are_found_where_pytest_is_called(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before those of its root directory."""
    below = pytester.mkdir("below")
    below.joinpath("harness.toml").write_text('[profiles.ci]\nscenario = "x.py"\n')
    monkeypatch.chdir(below)
    done = run(pytester, "--harness-profile=cj")
    done.stderr.fnmatch_lines(["*below/harness.toml*cj*ci*"])


def test_a_run_that_cannot_be_made_is_a_failed_test(pytester: pytest.Pytester) -> None:
    """JUnit has it, and so has who asked for its report."""
    pytester.path.joinpath("x.py").write_text("")
    pytester.path.joinpath("harness.toml").write_text(
        '[profiles.ci]\nscenario = "x.py"\n[profiles.ci.start]\ncommand = ["false"]\n'
    )
    pytester.makepyfile("def test_load(harness_report): assert harness_report.samples")
    junit = pytester.path / "junit.xml"
    done = run(pytester, "--harness-profile=ci", f"--junitxml={junit}")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["*INCONCLUSIVE: the run could not be made: *"])
    found = {case.get("name"): [part.tag for part in case] for case in ET.parse(junit).iter("testcase")}
    assert found == {"run": ["failure"], "test_load": ["error"]}


@pytest.mark.parametrize(
    "broken",
    ["harness.runs.judge.judge = lambda directory: {}['nothing']", "harness.cli.pytest_plugin._clean = None"],
)
def test_a_bug_of_the_harness_is_no_failed_test(pytester: pytest.Pytester, clean_run: StoredRun, broken: str) -> None:
    """The session ends in 70, whether the run could not be judged or a verdict not be shown."""
    pytester.makeconftest(f"import harness.cli.pytest_plugin\nimport harness.runs.judge\n{broken}")
    done = run(pytester, f"--harness-run={clean_run.path}")
    assert done.ret == 70
    done.stdout.fnmatch_lines(["*Error: a bug of the harness, and no verdict on the target; *"])
    done.stderr.fnmatch_lines(["Traceback (most recent call last):*"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--harness-profile", "ci"), "--harness-config: * does not exist"),
        (("--harness-run", "nowhere"), "--harness-run: *nowhere*"),
        (("--harness-run", "x", "--harness-profile", "ci"), "not allowed with --harness-profile"),
        (("--harness-config", "x"), "has no effect without --harness-profile"),
        (("--harness-profile", "ci", "--collect-only"), "the tests are known after the run"),
        (("--harness-profile", "ci", "-n", "2"), "one process runs the load"),
        (("--harness-profile", "ci", "--dist", "load", "--tx", "2*popen"), "one process runs the load"),
        (("--harness-profile=",), "--harness-profile: it is empty"),
        (("--harness-run=",), "--harness-run: it is empty"),
    ],
)
def test_what_cannot_be_done_is_named(pytester: pytest.Pytester, flags: tuple[str, ...], message: str) -> None:
    """By its flag, with pytest's own exit code for usage."""
    done = run(pytester, *flags)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"*{message}*"])


def test_an_unknown_profile_is_named(pytester: pytest.Pytester) -> None:
    """With those that there are."""
    pytester.path.joinpath("harness.toml").write_text('[profiles.ci]\nscenario = "x.py"\n')
    done = run(pytester, "--harness-profile", "cj")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*cj*ci*"])


def test_nothing_is_imported_for_those_who_do_not_ask(pytester: pytest.Pytester) -> None:
    """Neither Locust nor pandas, nor any module of the harness but the plugin."""
    pytester.makepyfile(
        """
        import json, pathlib, sys

        def test_modules():
            pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
        """
    )
    run(pytester, "-p", "no:hypothesispytest").assert_outcomes(passed=1)
    modules = json.loads(pytester.path.joinpath("modules.json").read_text())
    assert [name for name in modules if name.split(".")[0] == "harness"] == [
        "harness",
        "harness.cli",
        "harness.cli.pytest_plugin",
    ]
    assert not {"locust", "pandas", "gevent"} & set(modules)
