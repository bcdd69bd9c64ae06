"""The differences that are listed in docs/differences.md."""

from tests.fidelity.scenario import HERE

PAGE = HERE.parent.parent / "docs" / "differences.md"


def rows() -> set[str]:
    """The first cell of every row."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("| ")}
