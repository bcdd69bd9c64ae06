"""Nothing is left behind when a check for real is ended before its time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from graders.spec import FOLDER
from tests.wire.waiting import PATIENCE, soon

WHEAT = FOLDER / "exactly_once" / "wheats" / "lets_it_crash.py"

CHECK = """
import asyncio, pathlib, sys
from ackademy.reality.choose import Choice, Schedule
from ackademy.reality.session import place, tried
from graders.spec import load
spec, source = load("exactly_once"), pathlib.Path(sys.argv[1]).read_text()
try:
    with place("mini-wire", spec) as where:
        choice = Choice({}, [Schedule((), (), (), 3_600_000_000)], {})
        asyncio.run(tried(spec, source, choice, where))
except KeyboardInterrupt:
    sys.exit(130)
"""
"""One run, which waits for an hour for what comes after the scenario."""


def children_of(pid: int) -> dict[int, str]:
    """All processes that come from it, with their command lines."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    found, new = dict[int, str](), {pid}
    while new:
        mine = {int(row[0]): row[2] for row in rows if int(row[1]) in new}
        new = mine.keys() - found.keys()
        found |= mine
    return {number: command for number, command in found.items() if not command.startswith("ps ")}


def is_under_way(pid: int) -> bool:
    """Whether a run has its broker and its three processes of learners' code."""
    commands = list(children_of(pid).values())
    learners = sum("ackademy.reality.learner" in each for each in commands)
    return learners >= 3 and any("ackademy.reality.mini" in each for each in commands)


def is_alive(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return state.strip()[:1] not in ("", "Z")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_its_processes_end_with_it(how: signal.Signals, tmp_path: Path) -> None:
    check = subprocess.Popen(
        [sys.executable, "-c", CHECK, WHEAT],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    try:
        soon(lambda: is_under_way(check.pid))
        left = set(children_of(check.pid))
        check.send_signal(how)
        check.wait(PATIENCE)
        soon(lambda: not any(map(is_alive, left)))
    finally:
        check.kill()
        check.wait()
    assert list(tmp_path.iterdir()) == []
    if how == signal.SIGINT:
        assert check.returncode == 130
        assert check.stderr is not None
        assert check.stderr.read() == b""
    if check.stderr is not None:
        check.stderr.close()
