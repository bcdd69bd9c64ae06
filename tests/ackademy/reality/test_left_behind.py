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


def children_of(pid: int) -> set[int]:
    """All processes that come from it."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    found, new = set[int](), {pid}
    while new:
        new = {int(row[0]) for row in rows if int(row[1]) in new and row[2][:3] != "ps "} - found
        found |= new
    return found


def is_alive(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return state.strip()[:1] not in ("", "Z")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_its_processes_end_with_it(how: signal.Signals, tmp_path: Path) -> None:
    check = subprocess.Popen(
        [sys.executable, "-m", "ackademy", "check", "exactly_once", "--on", "mini-wire",
         "--file", WHEAT],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        # A broker and three learners' processes a run, and at least one run.
        soon(lambda: len(children_of(check.pid)) >= 4)
        left = children_of(check.pid)
        check.send_signal(how)
        check.wait(PATIENCE)
        left |= children_of(check.pid)
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
