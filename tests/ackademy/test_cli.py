"""The command line: what each command says, and the status it ends with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from ackademy import cli
from graders.content import chaffs, wheats
from graders.hints import hints
from graders.sandbox import transport
from graders.spec import load
from graders.token import fingerprint
from tests.ackademy.course import new_course

NAME = "at_least_once_worker"
SPEC = load(NAME)
ROOT = Path(__file__).parents[2]
GOOD = next(each.source for each in wheats(NAME) if each.name == "key_from_the_body")
BAD = next(each.source for each in chaffs(NAME) if each.name == "remembers_in_a_set")
"""Charges twice, for one schedule of those tried; a crash after effect 1 does not show it."""


class Said(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def ackademy(monkeypatch, capsys, tmp_path):
    """Run a command in this process, in a folder outside the course."""
    monkeypatch.setattr(cli, "steady_hashes", lambda: None)  # it would start pytest again
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Said:
        try:
            status = cli.main([str(each) for each in arguments])
        except SystemExit as left:  # argparse leaves by itself
            status = int(left.code or 0)
        return Said(status, *capsys.readouterr())

    return run


@pytest.fixture
def file(tmp_path):
    """A .py file, or a notebook with a cell before and one after."""

    def write(source: str, name: str = "worker.py") -> Path:
        path = tmp_path / name
        if name.endswith(".ipynb"):
            around = ["import json", source, "check('at_least_once_worker', 'nothing_lost')"]
            cells = [{"cell_type": "code", "source": text.splitlines(True)} for text in around]
            text = json.dumps({"cells": [{"cell_type": "markdown", "source": "# Orders"}, *cells]})
        else:
            text = source
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refused(said: Said, sentence: str) -> None:
    """It could not do what was asked: nothing on standard output, one sentence on the other."""
    assert (said.status, said.out) == (2, "")
    assert said.err == f"ackademy: {sentence}\n"


# --- check -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["worker.py", "worker.ipynb"])
def test_check_of_a_good_solution_says_so_and_ends_with_0(ackademy, file, name):
    path = file(GOOD, name)
    said = ackademy("check", NAME, "--file", path)
    assert (said.status, said.err) == (0, "")
    *checks, total = said.out.splitlines()
    assert [line.split(":")[0] for line in checks] == [
        f"✓ {check.id}, {check.points} of {check.points} points" for check in SPEC.checks
    ]
    assert total == f"10 of 10 points for {path}"


@pytest.mark.parametrize("name", ["worker.py", "worker.ipynb"])
def test_check_of_a_bad_solution_shows_the_schedule_and_ends_with_1(ackademy, file, name):
    path = file(BAD, name)
    said = ackademy("check", NAME, "--file", path)
    assert (said.status, said.err) == (1, "")
    assert "✗ charged_once, 0 of 4 points: the charge for order-" in said.out
    assert "◀ charged again" in said.out
    assert f"ackademy replay {NAME}/{SPEC.version}@crash:" in said.out
    assert said.out.endswith(f"6 of 10 points for {path}\n")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1", "no cell defines worker; write the function in one cell"),
        ("def worker(:", "your cell cannot be run: line 1 does not parse"),
        ("%time\ndef worker(c, p, d): ...", "line 1 is a notebook command (%time)"),
        ("def worker(c, p, d): return 1 / 0", "worker raised ZeroDivisionError: division by zero"),
        ("def worker(c, p, d): pass", "worker never took a message from orders"),
    ],
)
def test_what_a_learner_did_wrong_is_a_verdict_of_every_check(ackademy, file, source, sentence):
    said = ackademy("check", NAME, "--file", file(source))
    assert (said.status, said.err) == (1, "")
    assert said.out.count(sentence) == len(SPEC.checks)
    assert said.out.splitlines()[-1].startswith("0 of 10 points for ")


def test_without_a_file_the_courses_notebook_is_checked(ackademy, monkeypatch, tmp_path):
    root = new_course(tmp_path)
    monkeypatch.chdir(root / "course")
    for folder in ("exercises", "answers"):
        said = ackademy("check", NAME)
        assert said.status == 1
        assert "write your solution in that cell" in said.out
        notebook = root / folder / NAME / f"{NAME}.ipynb"
        assert said.out.endswith(f"0 of 10 points for {notebook}\n")
        assert ackademy("start", NAME).status == 0


def test_code_that_does_not_run_is_pictured_once_for_all_checks(ackademy, file):
    said = ackademy("check", NAME, "--file", file("def worker(c, p, d): return 1 / 0"))
    assert said.out.count("! ends: raised ZeroDivisionError") == 6  # once, with five restarts
    assert said.out.count("A run without faults") == 1


def test_a_check_that_fails_says_how_to_get_a_hint(ackademy, file):
    stuck = f"Stuck? ackademy hint {NAME}"
    assert stuck in ackademy("check", NAME, "--file", file(BAD)).out.splitlines()
    assert stuck not in ackademy("check", NAME, "--file", file(GOOD)).out
    assert stuck not in ackademy("check", NAME, "--file", file(BAD), "--graded").out
    said = ackademy("check", "start_here", "--file", file("def worker(c, p): pass")).out
    assert "Stuck" not in said  # it has no hints


def test_another_seed_is_another_variant(ackademy, file):
    path = file(BAD)
    words = [
        ackademy("check", NAME, "--file", path, "--seed", seed).out.split("#s")[1].split("~")[0]
        for seed in (0, 7)
    ]
    assert words == ["0", "7"]


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "٣", "1" * 5_000])
def test_a_seed_that_no_token_could_carry_is_refused(ackademy, file, seed):
    said = ackademy("check", NAME, "--file", file(GOOD), f"--seed={seed}")
    assert (said.status, said.out) == (2, "")
    assert "is no seed; give a whole number from 0" in said.err


def test_a_graded_check_says_what_confines_it(ackademy, file, monkeypatch):
    layers = (["seccomp", "landlock"], ["memory is not bounded; see docs"])
    monkeypatch.setattr("graders.sandbox.transport.confinement", lambda: layers)
    path = file(GOOD)
    said = ackademy("check", NAME, "--file", path, "--graded")
    assert said.status == 0
    assert said.out.splitlines()[-3:] == [
        f"10 of 10 points for {path}",
        "confined by: seccomp, landlock",
        "not confined: memory is not bounded; see docs",
    ]


def test_a_graded_check_asks_this_machine_for_its_confinement(ackademy, file):
    said = ackademy("check", NAME, "--file", file(GOOD), "--graded")
    [line] = [line for line in said.out.splitlines() if line.startswith("confined by: ")]
    assert len(line) > len("confined by: ")


def test_a_check_that_is_not_graded_says_nothing_of_confinement(ackademy, file):
    assert "confined" not in ackademy("check", NAME, "--file", file(GOOD)).out


def test_only_some_exercises_can_be_crashed_for_real(ackademy, file):
    said = ackademy("check", NAME, "--file", file(GOOD), "--on", "mini-wire")
    refused(
        said,
        f"{NAME} cannot be crashed for real; dead_letter_queue and exactly_once can, and any "
        "exercise without --on",
    )


def test_code_that_does_not_run_is_not_crashed_for_real(ackademy, file):
    body = "raise NotImplementedError"
    source = f"def topology(channel): ...\n\ndef worker(channel, payments):\n    {body}"
    said = ackademy("check", "dead_letter_queue", "--file", file(source), "--on", "mini-wire")
    refused(
        said,
        "this code does not run in the simulator yet; see what ackademy check says without --on",
    )


def test_an_unknown_exercise_comes_with_the_closest_name(ackademy, file):
    sentence = f"there is no exercise 'at_least_once'; did you mean {NAME}?"
    refused(ackademy("check", "at_least_once", "--file", file(GOOD)), sentence)
    refused(ackademy("hint", "at_least_once"), sentence)
    word = f"at_least_once/1@none#s0~{fingerprint(GOOD)}"
    refused(ackademy("replay", word, "--file", file(GOOD)), sentence)


def test_a_file_that_is_missing_is_named(ackademy, tmp_path):
    said = ackademy("check", NAME, "--file", tmp_path / "none.py")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"ackademy: {tmp_path / 'none.py'} cannot be read (")


def test_a_file_that_is_no_notebook_is_named(ackademy, tmp_path):
    path = tmp_path / "worker.ipynb"
    path.write_text(GOOD)
    refused(
        ackademy("check", NAME, "--file", path),
        f"{path} is no notebook; save it again in JupyterLab",
    )


def test_outside_the_course_a_file_is_asked_for(ackademy, tmp_path):
    refused(
        ackademy("check", NAME),
        f"{tmp_path} is not inside the course; change to its folder, or use --file",
    )


# --- replay ------------------------------------------------------------------------------------


def word(source: str, plan: str = "none", exercise: str = NAME, version: int = SPEC.version) -> str:
    return f"{exercise}/{version}@{plan}#s0~{fingerprint(source)}"


def failing(ackademy, path: Path) -> str:
    """The token that a check of this file gives."""
    return ackademy("check", NAME, "--file", path).out.split("ackademy replay ")[1].split()[0]


@pytest.mark.parametrize("name", ["worker.py", "worker.ipynb"])
def test_replay_shows_the_timeline_of_a_checks_token_and_ends_with_1(ackademy, file, name):
    path = file(BAD, name)
    said = ackademy("replay", failing(ackademy, path), "--file", path)
    assert (said.status, said.err) == (1, "")
    assert "◀ charged again" in said.out


def test_replay_of_a_schedule_that_breaks_nothing_ends_with_0(ackademy, file):
    path = file(BAD)
    said = ackademy("replay", word(BAD, "crash:1"), "--file", path)
    assert (said.status, said.err) == (0, "")
    assert "memory empty" in said.out


@pytest.mark.parametrize("more", [[], ["--child"]])
def test_replay_prints_the_trace_one_json_a_line(ackademy, file, more):
    said = ackademy("replay", word(GOOD), "--file", file(GOOD), "--trace", *more)
    events = [json.loads(line) for line in said.out.splitlines()]
    assert events[-1]["event"] == "Ended"
    assert {event["event"] for event in events} >= {"Started", "Delivered", "SideEffect"}


def test_a_replay_in_children_runs_nothing_here(ackademy, file, monkeypatch):
    monkeypatch.setattr("graders.check._inline", lambda source: pytest.fail("it ran here"))
    assert ackademy("replay", word(GOOD), "--file", file(GOOD), "--child").status == 0


def test_a_replay_of_code_that_uses_up_its_time_is_one_sentence(ackademy, file, monkeypatch):
    monkeypatch.setattr(transport, "SOURCE_SECONDS", 0.0)
    said = ackademy("replay", word(GOOD), "--file", file(GOOD))
    assert (said.status, said.out) == (2, "")
    assert "your code ran on for so long without faults that there was no time" in said.err
    assert said.err.count("\n") == 1


def test_what_cannot_be_replayed_is_refused_with_what_to_do(ackademy, file):
    path = file(BAD)

    def replay(token: str) -> Said:
        return ackademy("replay", token, "--file", path)

    refused(
        replay("nonsense"),
        "'nonsense' is no replay token; copy the whole word, such as "
        "at_least_once_worker/1@crash:7#s0~a1b2c3d4",
    )
    refused(
        replay(word(BAD, "crash:0")),
        f"the token {word(BAD, 'crash:0')!r} has a bad plan: 'crash:0' is no fault; write one "
        "of crash, definite, indefinite, pause, preempt, duplicate, a colon and an effect's number "
        "from 1, such as crash:7",
    )
    refused(
        replay(word(BAD, version=SPEC.version + 1)),
        f"the token is for version {SPEC.version + 1} of {NAME} and this is version "
        f"{SPEC.version}; run the check again for a new one",
    )
    refused(
        replay(word(GOOD)),
        f"the token was made for other code than what {path} has now; run the check again for a "
        "new one, or give the old code with --file",
    )


def test_a_token_with_absurdly_large_numbers_is_refused_and_not_a_traceback(ackademy, file):
    path, many = file(BAD), "1" * 5_000
    for token in (
        word(BAD).replace(f"/{SPEC.version}@", f"/{many}@"),
        word(BAD).replace("#s0", f"#s{many}"),
        word(BAD, f"crash:{many}"),
    ):
        said = ackademy("replay", token, "--file", path)
        assert (said.status, said.out) == (2, "")
        assert said.err.startswith("ackademy: ")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1", "{path}: no cell defines worker; write the function in one cell, run that cell, "
         "and run this check again"),
        ("def worker(:", "line 1 does not parse: invalid syntax"),
    ],
)  # fmt: skip
def test_a_file_without_a_solution_cannot_be_replayed(ackademy, file, source, sentence):
    path = file(source)
    refused(ackademy("replay", word(source), "--file", path), sentence.format(path=path))


# --- hint --------------------------------------------------------------------------------------


def test_the_first_hint_comes_first_and_says_how_to_get_the_next(ackademy):
    first, *_ = found = hints(NAME)
    said = ackademy("hint", NAME)
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        f"Hint 1 of {len(found)}: {first.title}\n\n{first.text}\n\n"
        f"Still stuck? ackademy hint {NAME} 2\n"
    )


def test_the_last_hint_promises_no_other(ackademy):
    found = hints(NAME)
    said = ackademy("hint", NAME, len(found))
    assert said.out.startswith(f"Hint {len(found)} of {len(found)}: {found[-1].title}\n")
    assert "Still stuck" not in said.out


@pytest.mark.parametrize("number", [0, -1, 99])
def test_a_number_that_no_hint_has_is_refused(ackademy, number):
    refused(
        ackademy("hint", NAME, number),
        f"{NAME} has hints 1 to {len(hints(NAME))}; give one of them",
    )


def test_an_experiment_of_a_lesson_has_no_hints_and_says_what_to_do(ackademy):
    refused(
        ackademy("hint", "start_here"),
        "start_here has no hints; check it and read the timeline of the failing schedule from the "
        "bottom: its last line says which promise broke",
    )


# --- progress ----------------------------------------------------------------------------------


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Progress is kept, in a folder of the test's own."""
    monkeypatch.delenv("ACKADEMY_PROGRESS", raising=False)
    monkeypatch.setenv("ACKADEMY_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "progress.json"


def test_a_check_is_kept_and_shown_on_the_map(ackademy, file, kept):
    ackademy("check", NAME, "--file", file(BAD))
    said = ackademy("progress")
    assert (said.status, said.err) == (0, "")
    assert f" 00 {NAME}    6 of 10 points, " in said.out
    assert said.out.endswith(f"Kept in {kept}, and nowhere else; it never leaves this machine.\n")


def test_a_graded_check_and_a_variant_are_nobodys_progress(ackademy, file, kept):
    ackademy("check", NAME, "--file", file(GOOD), "--graded")
    ackademy("check", NAME, "--file", file(GOOD), "--seed", 7)
    assert not kept.exists()


def test_a_hint_is_remembered(ackademy, kept):
    one, two = ackademy("hint", NAME).out, ackademy("hint", NAME).out
    assert one.startswith("Hint 1 of ")
    assert two.startswith("Hint 2 of ")
    refused(
        ackademy("hint", NAME, 4),
        "hint 4 gives more away than hint 3, which you have not seen; ackademy hint "
        f"{NAME} 3 shows that one, and --force (force=True in a notebook) this one",
    )
    assert ackademy("hint", NAME, 4, "--force").out.startswith("Hint 4 of ")


def test_a_progress_file_of_a_newer_version_is_not_touched_and_stops_no_check(ackademy, file, kept):
    kept.parent.mkdir()
    kept.write_text('{"format": 9}')
    said = ackademy("check", NAME, "--file", file(GOOD))
    assert said.status == 0
    assert said.err.startswith(f"ackademy: {kept} was written by a newer Ackademy")
    said = ackademy("progress")
    assert (said.status, said.out) == (2, "")
    assert kept.read_text() == '{"format": 9}'


# --- start and reset ---------------------------------------------------------------------------


def test_start_makes_all_exercises_or_those_that_are_named(ackademy, monkeypatch, tmp_path):
    monkeypatch.chdir(new_course(tmp_path))
    assert ackademy("start").out == f"answers/{NAME}/{NAME}.ipynb is new: it is yours to write in\n"
    assert ackademy("start", NAME).out == f"answers/{NAME}/{NAME}.ipynb is there already\n"
    assert ackademy("start", "at_least_once").status == 2


def test_reset_and_its_undo(ackademy, monkeypatch, tmp_path):
    root = new_course(tmp_path)
    monkeypatch.chdir(root)
    ackademy("start")
    path = root / "answers" / NAME / f"{NAME}.ipynb"
    path.write_text("mine")
    assert "--undo brings it back" in ackademy("reset", NAME).out
    assert path.read_text() != "mine"
    assert ackademy("reset", NAME, "--undo").status == 0
    assert path.read_text() == "mine"
    said = ackademy("reset", NAME, "--undo")
    assert (said.status, said.out) == (2, "")


# --- the command itself ------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["hint", NAME, "--verbose"], ["replay"]])
def test_what_is_no_command_ends_with_2_and_a_usage(ackademy, arguments):
    said = ackademy(*arguments)
    assert (said.status, said.out) == (2, "")
    assert "usage: ackademy" in said.err


def test_help_ends_with_0_and_names_every_command(ackademy):
    said = ackademy("--help")
    assert said.status == 0
    for command in (
        "lab", "start", "check", "watch", "replay", "hint", "reset", "progress", "instructor",
        "brokers", "doctor", "dev",
    ):  # fmt: skip
        assert re.search(rf"^    {command}\s", said.out, re.MULTILINE)


def test_ctrl_c_ends_with_130(ackademy, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ackademy.hinting.hints", interrupted)
    assert ackademy("hint", NAME).status == 130


def test_python_m_ackademy_is_the_same_command():
    ended = subprocess.run(
        [sys.executable, "-m", "ackademy", "hint", NAME, "99"],
        capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"ackademy: {NAME} has hints 1 to ")


def restarts(monkeypatch, randomization: int, seed: str | None) -> list[list[str]]:
    """What `steady_hashes` would become, in an interpreter like this."""
    became: list[list[str]] = []
    monkeypatch.setattr(cli.os, "execv", lambda path, command: became.append(command))
    monkeypatch.setattr(cli.sys, "flags", SimpleNamespace(hash_randomization=randomization))
    monkeypatch.setattr(cli.sys, "argv", ["ackademy", "hint", NAME])
    monkeypatch.setenv("PYTHONHASHSEED", seed or "")
    if seed is None:
        monkeypatch.delenv("PYTHONHASHSEED")
    cli.steady_hashes()
    return became


@pytest.mark.parametrize("seed", [None, "random", "7"])
def test_a_command_with_random_hashes_starts_itself_again_without(monkeypatch, seed):
    [command] = restarts(monkeypatch, 1, seed)
    assert command == [sys.executable, "-m", "ackademy", "hint", NAME]
    assert os.environ["PYTHONHASHSEED"] == "0"


def test_a_command_with_steady_hashes_goes_on(monkeypatch):
    assert restarts(monkeypatch, 0, "0") == []


def test_a_command_that_was_started_again_in_vain_goes_on_all_the_same(monkeypatch):
    """As with python -R or -I, which do not look at the variable."""
    assert restarts(monkeypatch, 1, "0") == []


# --- further parts of a notebook ---------------------------------------------------------------


def test_a_check_asks_for_the_further_parts_too_and_they_cost_nothing(ackademy, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(next(each.source for each in wheats("dead_letter_queue")))
    said = ackademy("check", "dead_letter_queue", "--file", path)
    assert said.status == 0
    assert "? redriven, optional: not written yet; define redrive in a cell" in said.out
    assert "Stuck?" not in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("18 of 18 points")


def test_a_further_part_is_found_in_the_notebook_of_the_whole(ackademy, monkeypatch):
    monkeypatch.chdir(ROOT)
    said = ackademy("check", "redrive", "--graded")
    assert "? redriven, optional: not written yet" in said.out
    assert "dead_letter_queue.ipynb" in said.out
