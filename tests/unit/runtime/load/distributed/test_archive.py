"""What of a project travels to a worker, and what is refused there."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from harness.core.errors import LoadError, UsageError
from harness.runtime.load.distributed import archive


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Imports of all kinds."""
    files = {
        "load/locustfile.py": "import json, sibling\nfrom shop import carts\nfrom shop.deep.down import well\n",
        "load/sibling.py": "def late():\n    import conftest_of_load\n",
        "load/conftest_of_load.py": "",
        "shop/__init__.py": "from . import names\n",
        "shop/names.py": "from .deep import *\n",
        "shop/carts.py": "broken syntax here",
        "shop/deep/__init__.py": "",
        "shop/deep/down.py": "well = 1",
        "shop/unused.py": "",
        "data.csv": "a,b",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_modules_that_are_imported_travel_and_no_other(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Under the same names, so that they are imported there as here."""
    name, packed = archive.pack(project / "load" / "locustfile.py", project)
    there = tmp_path_factory.mktemp("there")
    archive.unpack(packed, hashlib.sha256(packed).hexdigest(), there)
    assert name == "load/locustfile.py"
    assert {str(file.relative_to(there)) for file in there.rglob("*") if file.is_file()} == {
        *("load/locustfile.py", "load/sibling.py", "load/conftest_of_load.py"),
        *("shop/__init__.py", "shop/names.py", "shop/carts.py", "shop/deep/__init__.py", "shop/deep/down.py"),
    }
    assert archive.pack(project / "load" / "locustfile.py", project)[1] == packed, "the same files, the same archive"


def test_nothing_outside_of_the_project_travels(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Not by a link, not by a relative import that leads out."""
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("password = 1")
    (project / "load" / "linked.py").symlink_to(outside)
    file = project / "load" / "locustfile.py"
    levels = "".join(f"from {'.' * level} import secret\n" for level in (2, len(file.parents), 40))
    file.write_text(f"import linked\n{levels}")
    _, packed = archive.pack(file, project)
    with tarfile.open(fileobj=io.BytesIO(packed)) as found:
        assert found.getnames() == ["load/locustfile.py"]


def test_a_project_that_is_too_large_is_refused(project: Path) -> None:
    """With what to do instead."""
    (project / "load" / "sibling.py").write_text("x = 1\n" * 3_000_000)
    with pytest.raises(UsageError, match=r"--locustfile: .*sibling\.py cannot be read: it is larger than 16 MiB"):
        archive.pack(project / "load" / "locustfile.py", project)


@pytest.mark.parametrize("name", ["../escaped.py", "/tmp/escaped.py", "a/../../escaped.py"])
def test_an_archive_that_leads_out_of_its_directory_is_refused(name: str, tmp_path: Path) -> None:
    """Whoever made it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        made.addfile(tarfile.TarInfo(name), io.BytesIO())
    data = packed.getvalue()
    with pytest.raises(LoadError, match="which is no file of a project"):
        archive.unpack(data, hashlib.sha256(data).hexdigest(), tmp_path / "in")
    assert not (tmp_path / "escaped.py").exists()


def test_another_archive_than_announced_is_refused(tmp_path: Path) -> None:
    """It may have been altered on the way."""
    with pytest.raises(LoadError, match="is not the one that the run announced"):
        archive.unpack(b"something", "0" * 64, tmp_path)


@pytest.mark.parametrize("names", [("a", "a/b"), ("a\0b",), ()], ids=["a file as a directory", "no name", "no archive"])
def test_what_is_no_archive_is_one_line(names: tuple[str, ...], tmp_path: Path) -> None:
    """Cut, or packed by something else."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name in names:
            made.addfile(tarfile.TarInfo(name), io.BytesIO())
    data = packed.getvalue()[:1024] if names and "\0" not in names[0] else b"no archive"
    data = packed.getvalue() if len(names) > 1 else data
    with pytest.raises(LoadError, match="is no archive of a project"):
        archive.unpack(data, hashlib.sha256(data).hexdigest(), tmp_path / "in")
