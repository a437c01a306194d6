"""The page of releases, and what the tool says without installing or running anything."""

from tools import matrix_versions
from tools.matrix_versions import BEGIN_TOLD, END_TOLD, PAGE, Cell

PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_the_differences_that_are_written_down() -> None:
    """`make matrix-versions` writes them; a changed line must not wait for it."""
    assert PAGE_TEXT.split(BEGIN_TOLD, 1)[1].split(END_TOLD, 1)[0] == matrix_versions.told()


def test_rows_are_read_back_as_they_were_written() -> None:
    """By the releases, so that some can be written anew; cells that were not run too."""
    passed = Cell(0, "5.2.19", "2.4.1", "3.11.7", 1234, 618)
    left_out = Cell(-1, "6.0", "2.4.1", note="no Python 3.12 here")
    text = matrix_versions.table({("5.2", "2.4.1"): passed.row, ("6.0", "2.4.1"): left_out.row})
    assert "2 of 12 cells: 1 PASS, 1 not run." in text
    page = f"{matrix_versions.BEGIN}{text}{matrix_versions.END}"
    assert matrix_versions.rows_of(page) == {("5.2", "2.4.1"): passed.row, ("6.0", "2.4.1"): left_out.row}


def test_the_reason_of_uv_is_one_line() -> None:
    """The first of what excludes each other."""
    said = (
        "error: No solution found\n  cause: Because shop==1 depends on\n django<6 and you require django==6.0.*, we can"
    )
    assert matrix_versions.reason(said) == "shop==1 depends on django<6"
    assert matrix_versions.reason("error: no network\n") == "error: no network"
