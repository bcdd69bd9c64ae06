"""The map of progress."""

from pathlib import Path

from ackademy.progress.chart import AREAS, DESIGNS
from ackademy.progress.report import WIDTH, report
from ackademy.progress.store import Entry
from graders.spec import load

ROOT = Path(__file__).parents[3]
NAME = "at_least_once_worker"
SKILLS = [skill for area in AREAS for skill in area.skills]


def lines(entries=(), written=(NAME,)) -> list[str]:
    return report(dict(entries), written, "Kept in FILE.").splitlines()


def line_of(name: str, said: list[str]) -> str:
    [line] = [line for line in said if f" {name} " in line]
    return line


def test_there_are_twenty_skills_and_each_exercise_stands_once():
    assert len(SKILLS) == 20
    taught = [name for skill in [*SKILLS, *DESIGNS] for _, name in skill.exercises]
    numbers = [number for skill in [*SKILLS, *DESIGNS] for number, _ in skill.exercises]
    assert len(set(taught)) == len(taught)
    assert sorted(numbers) == list(range(28))


def test_every_exercise_that_there_is_stands_in_it():
    there = {path.name for path in (ROOT / "exercises").iterdir() if path.is_dir()}
    assert there <= {name for skill in [*SKILLS, *DESIGNS] for _, name in skill.exercises}


def test_what_is_not_written_yet_is_said_to_be():
    said = lines()
    assert line_of("saga", said).endswith(" not written yet")
    assert line_of(NAME, said).endswith(" not tried yet")


def test_an_exercise_shows_points_day_and_hints():
    entry = Entry(6, 10, load(NAME).version, "2026-01-05", (1, 2))
    assert line_of(NAME, lines({NAME: entry})).endswith(" 6 of 10 points, 2026-01-05, 2 hints")
    assert line_of(NAME, lines({NAME: Entry(hints=(1,))})).endswith(" not tried yet, 1 hint")


def test_points_of_an_earlier_version_ask_for_another_check():
    entry = Entry(10, 10, load(NAME).version - 1, "2026-01-05")
    assert line_of(NAME, lines({NAME: entry})).endswith("it has changed since: check again")


def test_a_skill_is_shown_when_all_its_exercises_are_there_and_full(monkeypatch):
    saga = next(skill.words for skill in SKILLS if skill.exercises == ((19, "saga"),))

    def mark(entry: Entry | None, written: list[str]) -> str:
        entries = {"saga": entry} if entry else {}
        monkeypatch.setattr("ackademy.progress.report.load", lambda _: load(NAME))
        [line] = [each for each in lines(entries, written) if saga in each]
        return line[2]

    assert mark(None, []) == " "
    assert mark(None, ["saga"]) == "·"
    assert mark(Entry(1, 4, 9), ["saga"]) == "~"
    assert mark(Entry(4, 4, 9), ["saga"]) == "✓"


def test_a_skill_of_which_an_exercise_is_still_to_be_written_is_only_begun():
    said = lines({NAME: Entry(10, 10, 9, "2026-01-05")})
    [skill] = [skill for skill in SKILLS if (0, NAME) in skill.exercises]
    assert f"  ~ {skill.words}" in said
    assert said[0].startswith("0 of 20 shown; 1 can be tried so far.")


def test_it_fits_a_terminal_and_ends_with_where_it_is_kept():
    said = lines()
    assert said[-1] == "Kept in FILE."
    assert max(map(len, said)) <= WIDTH + 10
