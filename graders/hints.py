"""Graded hints: one a heading in ``hints.md``, the first the gentlest."""

import re
from dataclasses import dataclass

from graders.spec import FOLDER


@dataclass(frozen=True)
class Hint:
    """A heading and what stands under it."""

    title: str
    text: str


def hints(exercise: str) -> list[Hint]:
    """The hints of an exercise in order; none when it has none."""
    path = FOLDER / exercise / "hints.md"
    if not path.is_file():
        return []
    parts = re.split(r"^## +(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        Hint(title.strip(), text.strip())
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    ]
