"""Graded hints: one a heading in ``hints.md``, the first the gentlest.

A heading may end with the check that its hint helps with: ``## Where is the ack? {nothing_lost}``.
"""

import re
from dataclasses import dataclass

from graders.spec import FOLDER


@dataclass(frozen=True)
class Hint:
    """A heading and what stands under it; `check` is empty for a hint to the whole exercise."""

    title: str
    text: str
    check: str = ""


def hints(exercise: str) -> list[Hint]:
    """The hints of an exercise in order; none when it has none."""
    path = FOLDER / exercise / "hints.md"
    if not path.is_file():
        return []
    parts = re.split(r"^## +(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        _hint(heading.strip(), text.strip())
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    ]


def _hint(heading: str, text: str) -> Hint:
    if found := re.fullmatch(r"(.*\S) +\{(\w+)\}", heading):
        return Hint(found[1], text, found[2])
    return Hint(heading, text)
