"""`ackademy watch`: a check at each save, and what changed since the last one."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ackademy.watch import PATIENCE, Screen, changes, is_fancy, stamp, watch
from graders.content import chaffs, wheats
from graders.verdict import Verdict
from tests.ackademy.course import NAME, ROOT, new_course

GOOD = next(each.source for each in wheats(NAME) if each.name == "key_from_the_body")
BAD = next(each.source for each in chaffs(NAME) if each.name == "remembers_in_a_set")


def verdict(check: str, outcome: str, sentence: str = "so it is", token: str = "") -> Verdict:
    points = 4 if outcome == "pass" else 0
    return Verdict(NAME, check, "", outcome, points, 4, sentence, token=token)  # type: ignore[arg-type]


def judged(cells):
    """A check that passes for code with ``good`` in it."""
    good = any("good" in cell for cell in cells)
    return [verdict("one", "pass" if good else "fail"), verdict("two", "pass")]


class Watched:
    """A watch whose waits are the steps of a story; Ctrl+C comes after the last."""

    def __init__(self, path: Path, check: Callable = judged, fancy: bool = False) -> None:
        self.path = path
        self.check = check
        self.fancy = fancy
        self.said: list[str] = []
        self.checked: list[list[str]] = []

    def run(self, *steps: Callable[[], object]) -> list[str]:
        left = list(steps)

        def wait() -> None:
            if not left:
                raise KeyboardInterrupt
            left.pop(0)()

        def check(cells):
            self.checked.append(list(cells))
            return self.check(cells)

        watch(self.path, check, Screen(self.said.append, self.fancy), wait=wait)
        assert self.said[-1] == ""
        return self.said[:-1]


def saved(path: Path, text: str) -> Callable[[], object]:
    """JupyterLab's way: a new file in the old one's place."""

    def save() -> None:
        scratch = path.with_suffix(".new")
        scratch.write_text(text)
        scratch.replace(path)

    return save


def notebook(*sources: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": [each]} for each in sources]})


def nothing() -> None:
    pass


@pytest.fixture
def path(tmp_path):
    return tmp_path / "worker.py"


def test_the_first_check_shows_every_verdict_under_a_short_header(path):
    path.write_text("bad")
    header, *lines = Watched(path).run()
    assert header.startswith(f"== {NAME}, ")
    assert header.endswith(": 4 of 8 points")
    assert lines == ["✗ one, 0 of 4 points: so it is", "✓ two, 4 of 4 points: so it is"]


def test_after_a_save_only_what_changed_is_shown_in_full(path):
    path.write_text("bad")
    said = Watched(path).run(nothing, saved(path, "good"))
    assert said[-3].endswith(": 8 of 8 points")
    assert said[-2:] == ["one: ✗ -> ✓   ✓ one, 4 of 4 points: so it is", "✓ two, as before"]


def test_a_check_that_fails_otherwise_than_before_says_so():
    screen = Screen(lambda _: None)
    before, now = verdict("one", "fail", "lost"), verdict("one", "fail", "charged twice")
    assert list(changes(screen, [before], [now])) == ["✗ one, 0 of 4 points: charged twice"]


def test_a_check_that_still_passes_is_not_shown_anew_for_another_number_of_schedules():
    before, now = verdict("one", "pass", "held in 15"), verdict("one", "pass", "held in 18")
    assert list(changes(Screen(lambda _: None), [before], [now])) == ["✓ one, as before"]


def test_without_a_save_nothing_is_checked_again(path):
    path.write_text("bad")
    watched = Watched(path)
    watched.run(nothing, nothing, nothing)
    assert len(watched.checked) == 1


def test_a_file_that_was_not_saved_is_not_even_read(path, monkeypatch):
    path.write_text("bad")
    read = []
    monkeypatch.setattr("ackademy.watch.cells_of", lambda each: read.append(each) or ["bad"])
    Watched(path).run(nothing, nothing, nothing)
    assert read == [path]


def test_a_save_of_the_same_cells_is_silent(tmp_path):
    path = tmp_path / "worker.ipynb"
    path.write_text(notebook("bad"))
    with_outputs = json.loads(notebook("bad")) | {"metadata": {"touched": True}}
    watched = Watched(path)
    watched.run(saved(path, json.dumps(with_outputs)), nothing)
    assert len(watched.checked) == 1


def test_a_missing_file_is_waited_for(path):
    said = Watched(path).run(nothing, saved(path, "good"))
    assert said[0] == f"waiting for {path}"
    assert said[1].endswith(": 8 of 8 points")


def test_a_file_that_goes_and_comes_back_is_checked_when_it_is_another(path):
    path.write_text("bad")
    watched = Watched(path)
    watched.run(path.unlink, nothing, saved(path, "good"))
    assert watched.checked == [["bad"], ["good"]]


def test_a_half_written_notebook_is_waited_out(tmp_path):
    path = tmp_path / "worker.ipynb"
    path.write_text(notebook("bad"))
    whole = notebook("good")
    watched = Watched(path)
    said = watched.run(
        lambda: path.write_text(whole[: len(whole) // 2]), nothing, lambda: path.write_text(whole)
    )
    assert watched.checked == [["bad"], ["good"]]
    assert not [line for line in said if "waiting" in line]


def test_a_file_that_stays_no_notebook_is_named_once(tmp_path):
    path = tmp_path / "worker.ipynb"
    path.write_text("{")
    said = Watched(path).run(*[nothing] * (3 * PATIENCE))
    assert said == [f"waiting: {path} is no notebook; save it again in JupyterLab"]


def test_a_file_that_is_saved_while_it_is_read_is_read_again(path):
    path.write_text("bad")
    looks = []

    def look(each: Path) -> tuple[int, int, int] | None:
        looks.append(each)
        if len(looks) == 3:  # the one after reading
            saved(path, "good")()
        return stamp(each)

    said: list[str] = []
    left = [nothing]

    def wait() -> None:
        left.pop()

    with pytest.raises(IndexError):
        watch(path, judged, Screen(said.append), look, wait)
    assert said[0].endswith(": 8 of 8 points")


def test_a_save_within_the_same_second_and_size_is_seen(path):
    path.write_text("bad!")
    before = stamp(path)
    saved(path, "good")()
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, before[0]))
    assert stamp(path) != before


def test_what_fails_says_how_to_see_it(path):
    path.write_text("bad")
    token = f"{NAME}/1@crash:7#s0~a1b2c3d4"
    said = Watched(path, lambda _: [verdict("one", "fail", token=token)]).run()
    assert said[-1] == f"See it: ackademy replay {token}"


def test_no_control_character_is_written_where_there_is_no_terminal(path):
    path.write_text("bad")
    assert not any("\x1b" in line for line in Watched(path).run(saved(path, "good")))


def test_a_terminal_is_cleared_and_what_changed_stands_out(path):
    path.write_text("bad")
    said = Watched(path, fancy=True).run(saved(path, "good"))
    assert [line.startswith("\x1b[H\x1b[2J\x1b[1m== ") for line in said].count(True) == 2
    assert said[-2].startswith("\x1b[1mone: ✗ -> ✓")
    assert said[-1] == "\x1b[2m✓ two, as before\x1b[0m"


@pytest.mark.parametrize(
    ("terminal", "environment", "fancy"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_control_characters_are_for_terminals_that_take_them(
    monkeypatch, terminal, environment, fancy
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_fancy(terminal) is fancy


def test_ctrl_c_during_a_check_ends_the_watch_after_it(path):
    path.write_text("bad")
    done = []

    def check(cells):
        os.kill(os.getpid(), signal.SIGINT)
        done.append(True)  # a handler runs before the next line
        return judged(cells)

    handler = signal.getsignal(signal.SIGINT)
    said: list[str] = []
    watch(path, check, Screen(said.append), wait=lambda: pytest.fail("it went on"))
    assert done == [True]
    assert said == [""]
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_does_not_wait_for_the_check(path):
    path.write_text("bad")

    def check(cells):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it waited")

    watch(path, check, Screen(lambda _: None), wait=lambda: pytest.fail("it went on"))


def test_the_command_checks_at_each_save_and_ends_with_0(tmp_path):
    root = new_course(tmp_path)
    path = tmp_path / "worker.py"
    path.write_text(BAD)
    process = subprocess.Popen(
        [sys.executable, "-m", "ackademy", "watch", NAME, "--file", str(path)],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
        # Whoever runs the tests in the background may have it ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    late = threading.Timer(60, process.kill)
    late.start()
    try:
        lines = [process.stdout.readline()]
        while not lines[-1].startswith("See it: "):
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        assert lines[0].endswith(": 6 of 10 points\n")
        saved(path, GOOD)()
        lines = [process.stdout.readline() for _ in range(4)]
        assert lines[0].endswith(": 10 of 10 points\n")
        [turned] = [line for line in lines if "->" in line]
        assert turned.startswith("charged_once: ✗ -> ✓ ")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
        assert (process.returncode, rest, errors) == (0, "\n", "")
    finally:
        late.cancel()
        process.kill()
        process.wait()
