"""The workflow files are what GitHub and GitLab take, by their published schemas, and their scripts are Bash."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.config import toml_file

ROOT = Path(__file__).parents[2]
FILES = {
    ".github/workflows/ci.yml": "vendor.github-workflows",
    "action.yml": "vendor.github-actions",
    "docs/examples/gitlab-ci.yml": "vendor.gitlab-ci",
}


def scripts(node: Any) -> Iterator[str]:
    """Every script of a workflow file."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "run":
                yield value
            elif key in ("script", "before_script"):
                yield "\n".join(value)
            else:
                yield from scripts(value)
    elif isinstance(node, list):
        for each in node:
            yield from scripts(each)


def valid(file: Path, schema: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "schema"), FILES.items())
def test_it_is_valid(name: str, schema: str) -> None:
    """By the schema that comes with check-jsonschema."""
    done = valid(ROOT / name, schema)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("name", "schema"), FILES.items())
def test_what_is_wrong_would_be_seen(name: str, schema: str, tmp_path: Path) -> None:
    """The schemas are not empty: a misspelled key of a step or job is refused."""
    text = (ROOT / name).read_text()
    broken = tmp_path / "broken.yml"
    for key in ("runs-on:", "using:", "script:"):
        text = text.replace(key, "mis" + key)
    broken.write_text(text)
    assert valid(broken, schema).returncode == 1


def test_the_profile_of_the_page_can_be_gated() -> None:
    """It is read, and some sample is told as each gated view: the page's app has no witness."""
    text = (ROOT / "docs" / "ci.md").read_text()
    profile = toml_file.parse(text.split("```toml\n")[1].split("```")[0], "ci.md").profile("ci")
    assert profile.gated_views
    assert set(profile.gated_views) <= set(profile.views.values())


@pytest.mark.parametrize("name", FILES)
def test_its_scripts_are_bash(name: str) -> None:
    """With GitHub's expressions as plain words."""
    found = list(scripts(yaml.safe_load((ROOT / name).read_text())))
    assert found
    for script in found:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", ["action.yml", ".github/workflows/ci.yml", "docs/ci.md"])
def test_actions_of_others_are_pinned_by_commit(file: str) -> None:
    """With the version beside it: a tag can be moved, a commit cannot."""
    uses = re.findall(r"uses: (?!\./|OWNER/)(.+)", (ROOT / file).read_text(encoding="utf-8"))
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in uses)


def test_workflows_may_read_and_nothing_more() -> None:
    """No job has more, and no checkout leaves the token for the steps after it."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.findall(r"permissions:\n((?: +.+\n)+)", text) == ["  contents: read\n"]
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
