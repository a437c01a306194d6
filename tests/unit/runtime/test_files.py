"""Files are read with limits and written through no link."""

import os
from pathlib import Path

import pytest

from harness.runtime import files


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A FIFO, a device and a directory end at once; a missing file is missing."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    device = tmp_path / "device"
    device.symlink_to("/dev/zero")
    for file in (fifo, device, tmp_path):
        with pytest.raises(OSError, match=r"regular file|directory"):
            files.read_bytes(file)
        with pytest.raises(OSError, match="it is not a regular file"):
            files.check_regular(file)
    with pytest.raises(FileNotFoundError):
        files.read_text(tmp_path / "none")
    with pytest.raises(OSError, match="no file can have this name"):
        files.read_text(tmp_path / "a\0b")


def test_a_file_has_limits_and_is_utf_8(tmp_path: Path) -> None:
    """The line of what is not is named."""
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert files.read_text(file, 5) == "12345"
    with pytest.raises(OSError, match="it is larger than 4 bytes"):
        files.read_text(file, 4)
    file.write_bytes(b"one\ntw\xff")
    with pytest.raises(OSError, match=r"it is not UTF-8 \(line 2\)"):
        files.read_text(file)


@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "file"])
def test_writing_hits_nothing_else(tmp_path: Path, kind: str) -> None:
    """Whatever somebody laid where the temporary file goes, or at the name itself."""
    outside = tmp_path / "outside"
    outside.write_text("precious")
    place = tmp_path / "run"
    place.mkdir()
    for name in (".report.json.part", "report.json"):
        laid = place / name
        match kind:
            case "link":
                laid.symlink_to(outside)
            case "dangling":
                laid.symlink_to(tmp_path / "made")
            case "fifo":
                os.mkfifo(laid)
            case _:
                laid.write_text("of before")
    files.write_text(place / "report.json", "new \ud800")
    assert [each.name for each in place.iterdir()] == ["report.json"]
    assert (place / "report.json").read_text() == "new ?"
    assert not (place / "report.json").is_symlink()
    assert outside.read_text() == "precious"
    assert not (tmp_path / "made").exists()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A directory stands at the name."""
    (tmp_path / "report.json" / "x").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        files.write_text(tmp_path / "report.json", "text")
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_appending_follows_no_link_and_waits_for_nobody(tmp_path: Path) -> None:
    """A CI server's summary is a file of its own."""
    file, link, fifo = tmp_path / "summary", tmp_path / "link", tmp_path / "fifo"
    files.append_text(file, "a")
    files.append_text(file, "b")
    assert file.read_text() == "ab"
    link.symlink_to(file)
    os.mkfifo(fifo)
    for each in (link, fifo):
        with pytest.raises(OSError, match=r"link|regular|loop|No such"):
            files.append_text(each, "c")
    assert file.read_text() == "ab"


def test_links_in_circles_end_with_whoever_opens_them(tmp_path: Path) -> None:
    """A name that no file can have does, too."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "there").symlink_to("file")
    (tmp_path / "file").write_text("")
    assert files.resolved(tmp_path / "a").parent == tmp_path.resolve()
    assert files.resolved(tmp_path / "there") == (tmp_path / "file").resolve()
    assert files.resolved(Path("no\0name")) == Path("no\0name")
