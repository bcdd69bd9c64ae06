"""The map that ``ackademy progress`` prints: what can be learnt, and how far the learner is."""

from collections.abc import Collection, Mapping, Sequence
from textwrap import wrap

from ackademy.progress.chart import AREAS, DESIGNS, Skill
from ackademy.progress.store import Entry
from graders.spec import load

WIDTH = 78
DONE, BEGUN, OPEN, UNWRITTEN = "✓", "~", "·", " "


def report(entries: Mapping[str, Entry], written: Collection[str], kept_in: str) -> str:
    """The whole map. `written` are the exercises that there are, `kept_in` says where it is
    kept."""
    lines: list[str] = []
    for area in AREAS:
        lines += ["", area.title]
        for skill in area.skills:
            lines += _skill(skill, entries, written)
    lines += ["", "All of it at once"]
    for skill in DESIGNS:
        lines += _skill(skill, entries, written)
    skills = [skill for area in AREAS for skill in area.skills]
    marks = [_mark(skill, entries, written) for skill in skills]
    can = sum(mark != UNWRITTEN for mark in marks)
    legend = f"{DONE} shown   {BEGUN} begun   {OPEN} not tried yet"
    return "\n".join([
        f"{marks.count(DONE)} of {len(skills)} shown; {can} can be tried so far.   {legend}",
        *lines, "", kept_in,
    ])  # fmt: skip


def _skill(skill: Skill, entries: Mapping[str, Entry], written: Collection[str]) -> Sequence[str]:
    words = wrap(skill.words, WIDTH - 4)
    return [
        f"  {_mark(skill, entries, written)} {words[0]}",
        *(f"    {more}" for more in words[1:]),
        *(
            f"      {number:02d} {name:24}{_state(name, entries.get(name, Entry()), written)}"
            for number, name in skill.exercises
        ),
    ]


def _mark(skill: Skill, entries: Mapping[str, Entry], written: Collection[str]) -> str:
    """Shown is a skill when all its exercises are written and have all their points."""
    names = [name for _, name in skill.exercises]
    there = [entries.get(name, Entry()) for name in names if name in written]
    if not there:
        return UNWRITTEN
    full = all(entry.most and entry.points == entry.most for entry in there)
    if full and len(there) == len(names):
        return DONE
    return BEGUN if any(entry.most for entry in there) else OPEN


def _state(name: str, entry: Entry, written: Collection[str]) -> str:
    if name not in written:
        return "not written yet"
    parts = ["not tried yet"]
    if entry.most:
        parts = [f"{entry.points} of {entry.most} points, {entry.day}"]
        if entry.version < load(name).version:
            parts.append("it has changed since: check again")
    if many := len(entry.hints):
        parts.append(f"{many} hint{'s' if many > 1 else ''}")
    return ", ".join(parts)
