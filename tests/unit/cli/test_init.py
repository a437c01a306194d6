"""What `harness init` writes is read by those for whom it is written, whatever the views are called."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

from harness.cli.init import project, texts
from harness.cli.init.project import ProjectFacts, View
from harness.config import toml_file
from harness.core.errors import UsageError

FACTS = ProjectFacts(
    metrics=("/internal/metrics",),
    views=(
        View("shop:items", "items/", "/items/", ""),
        View("shop-items", "other/", "/other/", ""),
        View("class", "class/", "/class/", ""),
        View("client", 'quo"te/', '/quo"te/', ""),
        View("ünïcode", "u/", "/%C3%BC/", ""),
        View("order", "order/", "", "it answers POST\nand no GET"),
        View("", "nameless/", "", "its pattern has no name"),
        View("shop:items", "again/", "/items/", ""),
    ),
    gunicorn=True,
    wsgi="shop.wsgi",
    debug=False,
    hosts=("shop.example.org",),
)


def test_the_profile_is_read_and_maps_each_request_to_its_view() -> None:
    """It starts the app with gunicorn where there is one, and is ready where it serves the metrics."""
    text = texts.config(FACTS, "shop.settings", "src", "{python}")
    profile = toml_file.parse(text, "harness.toml").profile()
    assert profile.start is not None
    assert profile.start.command[:3] == ("{python}", "-m", "gunicorn")
    assert (profile.start.cwd, profile.start.ready, profile.start.metrics) == ("src", *["/internal/metrics"] * 2)
    assert profile.views == {each.path: each.view for each in texts.chosen(FACTS)}
    served = texts.config(
        ProjectFacts((*FACTS.metrics,), FACTS.views, False, "", True, ()), "s", ".", "venv/bin/python"
    )
    started = toml_file.parse(served, "harness.toml").profile().start
    assert started is not None
    assert started.command[:4] == ("venv/bin/python", "manage.py", "runserver", "--noreload")


def test_the_locustfile_has_a_task_for_each_view_and_the_reason_for_the_others() -> None:
    """Their names are Python's and each once."""
    text = texts.locustfile(FACTS)
    (user,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    tasks = [node.name for node in user.body if isinstance(node, ast.FunctionDef)]
    assert tasks == ["shop_items", "shop_items_", "view_class", "view_client", "n_code"]
    assert text.count("allow_redirects=False") == 5
    assert "# order: it answers POST and no GET\n# /nameless/: its pattern has no name\n" in text


def test_the_workflow_is_yaml() -> None:
    """It runs the profile that is written."""
    (job,) = yaml.safe_load(texts.workflow())["jobs"].values()
    assert job["steps"][1]["with"]["arguments"] == "run smoke"


def test_loopback_is_let_in_by_name_or_by_debug() -> None:
    """As Django's own check of the Host header does it."""
    assert not FACTS.takes_loopback
    for debug, hosts in ((True, ()), (False, ("*",)), (False, ("127.0.0.1",))):
        assert ProjectFacts((), (), True, "", debug, hosts).takes_loopback


@pytest.mark.parametrize(
    ("text", "says"),
    [("import sys\n", "names no settings module"), ("def\n", "cannot be read"), (None, "cannot be read")],
)
def test_a_project_without_its_settings_is_named(tmp_path: Path, text: str | None, says: str) -> None:
    """With the flag that names them."""
    if text is not None:
        (tmp_path / "manage.py").write_text(text)
    with pytest.raises(UsageError, match=f"^--settings: .*{says}"):
        project.settings_of(tmp_path)
    (tmp_path / "manage.py").write_text('import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "a.b")\n')
    assert project.settings_of(tmp_path) == "a.b"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The part that runs in the project's interpreter; it needs no Django before it is asked for a path."""
    spec = importlib.util.spec_from_file_location("read_urls", project.SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _required(request_method_list: list[str]) -> object:
    def decorated() -> list[str]:
        return request_method_list

    return decorated


def test_the_methods_of_a_view_are_read_from_its_kind(script: ModuleType) -> None:
    """A class, a router's viewset, a decorated function, and a function that says nothing."""
    posting = SimpleNamespace(http_method_names=["get", "post"], post=None)
    assert script.methods_of(SimpleNamespace(view_class=posting)) == {"POST"}
    assert script.methods_of(SimpleNamespace(cls=posting, actions={"get": "list"})) == {"GET"}
    assert script.methods_of(_required(["POST"])) == {"POST"}
    assert script.methods_of(len) is None


@pytest.mark.parametrize("name", ["logout", "account_signout", "item-delete", "reset_stock", "set_language"])
def test_a_view_that_may_change_something_is_left_out(script: ModuleType, name: str) -> None:
    """It is known by its name alone."""
    assert script.described(len, name, "x/")["why"] == "its name says that it may change something"
    assert script.described(len, "", "x/")["path"] == ""
