"""A drill in a terminal: lines in and out, the learner's file, the clock, leaving and coming back;
and the whole of it through the command line."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ackademy import cli
from ackademy.drill.catalogue import DRILLS, Drill
from ackademy.drill.sitting import Sitting
from ackademy.drill.steps import Choose, Mend, Number, Script, Show, ask
from ackademy.drill.terminal import WIDTH, Terminal, wrapped
from graders.content import chaffs, wheats

GOOD = next(each.source for each in wheats("poison_message") if each.name == "three_tries")
BAD = next(each.source for each in chaffs("poison_message") if each.name == "logs_and_acks")


def little(seed: int) -> Script:
    yield Show(f"Seed {seed}.", again=True)
    yield from ask(Choose("Which colour?", ("red", "green"), minutes=2))
    yield from ask(Number("How many?", "orders", minutes=2))
    while (yield from ask(Mend("code.py", "x = 1\n", ("x",)))).source != "x = 2\n":
        yield Show("Not yet.")
    yield Show("Done.")


LITTLE = Drill("little", "A little drill", "nothing", 2, little)


class Said:
    """A terminal with its lines typed beforehand; a callable among them is called instead."""

    def __init__(self, lines: Iterable[str | Callable[[], str]]) -> None:
        self.out: list[str] = []
        self._lines = iter(lines)

    def read(self, prompt: str) -> str:
        self.out.append(prompt)
        for line in self._lines:
            return line if isinstance(line, str) else line()
        raise EOFError

    @property
    def text(self) -> str:
        return "\n".join(self.out)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def sit(
    folder: Path, *lines: str | Callable[[], str], seed: int = 0, again: bool = False,
    clock: Callable[[], float] | None = None,
) -> tuple[int, str]:  # fmt: skip
    said = Said(lines)
    sitting = Sitting(LITTLE, folder, seed, again, clock or Clock())
    status = Terminal(said.read, said.out.append).run(sitting)
    return status, said.text


def writes(path: Path, text: str) -> Callable[[], str]:
    def write() -> str:
        path.write_text(text)
        return ""

    return write


def test_a_drill_is_gone_through_line_by_line(tmp_path):
    status, said = sit(tmp_path, "2", "5", writes(tmp_path / "code.py", "x = 2\n"))
    assert status == 0
    assert said.startswith("A little drill\n\nSeed 0.\n")
    assert said.endswith("Done.\n")


def test_an_answer_that_is_none_is_asked_for_again(tmp_path):
    _, said = sit(tmp_path, "purple", "1", "lots", "5")
    assert "'purple' is none of the options; give a number, 1 to 2.\n> " in said
    assert "'lots' is no number of orders; write it as 1200 or 0.5.\n> " in said
    assert "You left after 2 answers" in said


def test_the_file_is_written_into_the_folder_and_where_it_is_is_said(tmp_path):
    _, said = sit(tmp_path, "2", "5")
    assert (tmp_path / "code.py").read_text() == "x = 1\n"
    assert f"The code is in {tmp_path / 'code.py'}.\n" in said


def test_a_file_that_is_there_is_never_written(tmp_path):
    (tmp_path / "code.py").write_text("mine\n")
    _, said = sit(tmp_path, "2", "5", "")
    assert (tmp_path / "code.py").read_text() == "mine\n"
    assert "The code is in" not in said
    assert "Not yet." in said


def test_a_file_that_was_not_changed_is_not_checked(tmp_path):
    code = tmp_path / "code.py"
    status, said = sit(tmp_path, "2", "5", "", "", writes(code, "x = 2\n"))
    assert status == 0
    assert "Not yet." not in said
    assert said.count("code.py is as it was; change it") == 2


def test_who_leaves_hears_one_sentence_and_loses_nothing(tmp_path):
    status, said = sit(tmp_path, "2", seed=7)
    assert status == 1
    assert said.splitlines()[-1] == (
        "You left after 1 answer; nothing is lost, and ackademy drill little --seed 7 goes on from "
        "here."
    )
    assert (tmp_path / "little.answers.json").exists()


def test_ctrl_c_is_leaving_too(tmp_path):
    def interrupt() -> str:
        raise KeyboardInterrupt

    status, said = sit(tmp_path, "2", interrupt)
    assert (status, "You left after 1 answer; nothing is lost" in said) == (1, True)


def test_who_comes_back_goes_on_with_the_next_question(tmp_path):
    sit(tmp_path, "2")
    _, said = sit(tmp_path, "5")
    assert "Going on after 1 answer, kept in little.answers.json." in said
    assert "Seed 0." in said  # needed to go on
    assert "Which colour?" not in said
    assert "How many?" in said


def test_who_comes_back_with_a_changed_file_has_it_checked_at_once(tmp_path):
    sit(tmp_path, "2", "5")
    (tmp_path / "code.py").write_text("x = 2\n")
    status, said = sit(tmp_path)
    assert (status, said.endswith("Done.\n")) == (0, True)
    assert not (tmp_path / "little.answers.json").exists()


def test_who_comes_back_with_a_wrong_file_is_told_and_asked(tmp_path):
    sit(tmp_path, "2", "5")
    (tmp_path / "code.py").write_text("x = 3\n")
    status, said = sit(tmp_path)
    assert status == 1
    assert said.count("Not yet.") == 1


@pytest.mark.parametrize("other", [{"seed": 1}, {"again": True}])
def test_another_seed_or_starting_again_begins_anew(tmp_path, other):
    sit(tmp_path, "2")
    _, said = sit(tmp_path, **other)
    assert "Which colour?" in said


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"seed":0}', '{"seed":0,"replies":[[9,1]]}'])
def test_notes_that_cannot_be_read_begin_anew(tmp_path, kept):
    (tmp_path / "little.answers.json").write_text(kept)
    assert "Which colour?" in sit(tmp_path)[1]


# --- the clock ---------------------------------------------------------------------------------


def later(clock: Clock, seconds: float, line: str) -> Callable[[], str]:
    def read() -> str:
        clock.now += seconds
        return line

    return read


def test_the_time_left_stands_at_each_question_and_over_time_is_said(tmp_path):
    clock = Clock()
    _, said = sit(tmp_path, later(clock, 30, "1"), clock=clock)
    assert "[2:00 left] Which colour?" in said
    assert "[1:30 left] How many?" in said
    clock = Clock()
    _, said = sit(tmp_path, later(clock, 185, "1"), again=True, clock=clock)
    assert "[1:05 over time] How many?" in said


def test_time_away_does_not_count(tmp_path):
    clock = Clock()
    sit(tmp_path, later(clock, 30, "1"), clock=clock)
    clock.now = 90_000
    assert "[1:30 left] How many?" in sit(tmp_path, clock=clock)[1]


def test_lines_fit_the_terminal_and_keep_their_indent():
    long = "word " * 40
    for indent, hang in (("", ""), ("    ", "      "), ("✓ ", "  ")):
        first, *more = wrapped(indent + long).splitlines()
        assert max(len(line) for line in (first, *more)) <= WIDTH
        assert first.startswith(indent + "word")
        assert all(line.startswith(hang + "word") for line in more)


# --- through the command line ------------------------------------------------------------------


def ackademy(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ackademy", "drill", *arguments],
        input=typed, capture_output=True, text=True, timeout=60, check=False, cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )  # fmt: skip


def test_without_a_name_the_drills_are_listed_with_what_each_trains_and_how_long_it_takes(tmp_path):
    said = ackademy(tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    for drill in DRILLS:
        assert f"{drill.name}, about {drill.minutes} minutes\n" in said.stdout
        assert drill.trains.split()[-1] in said.stdout


def test_a_drill_that_is_not_there_is_refused_with_the_nearest_name(tmp_path):
    said = ackademy(tmp_path, "poison")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "ackademy: there is no drill 'poison'; did you mean poison_message?\n"


def test_a_hunt_from_the_first_question_to_the_interview(tmp_path):
    left = ackademy(tmp_path, "poison_message", typed="4\n2\n1\n")
    assert (left.returncode, left.stderr) == (1, "")
    assert "✗ queue drained: the run did not come to rest within 150 effects" in left.stdout
    assert "◀ delivery 1 of " in left.stdout
    assert "✓ the anomaly: stuck" in left.stdout
    assert left.stdout.splitlines()[-1].startswith("You left after 3 answers; nothing is lost")

    (tmp_path / "poison_message.py").write_text(BAD)
    wrong = ackademy(tmp_path, "poison_message", typed="\n")
    assert wrong.returncode == 1
    assert wrong.stdout.count("order-3 was lost: worker#1 acked its message") >= 2

    (tmp_path / "poison_message.py").write_text(GOOD)
    mended = ackademy(tmp_path, "poison_message")
    assert (mended.returncode, mended.stderr) == (0, "")
    assert "In an interview, in a minute:" in mended.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["poison_message.py"]


def test_ctrl_c_in_a_real_process_says_one_sentence_and_no_stack_trace(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "ackademy", "drill", "order_sizing"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        said = b""
        while not said.endswith(b"> "):
            said += process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, b"")
    assert out.decode().strip().startswith("You left after 0 answers; nothing is lost")


def test_a_sizing_from_the_first_number_to_the_card(tmp_path):
    said = ackademy(tmp_path, "order_sizing", typed="1\n2\n3\n4\n5\n6\n7\n")
    assert (said.returncode, said.stderr) == (0, "")
    assert "News: the payment provider now allows at most" in said.stdout
    assert "To talk through:" in said.stdout
    other = ackademy(tmp_path, "order_sizing", "--seed", "1", typed="1\n2\n3\n4\n5\n6\n7\n")
    assert "News: a partner now sends" in other.stdout


def test_a_seed_that_is_none_is_refused(tmp_path):
    said = ackademy(tmp_path, "order_sizing", "--seed", "x")
    assert said.returncode == 2
    assert "'x' is no seed; give a whole number from 0" in said.stderr
