"""Processes by their id: whose it is, how one is started that does not outlive us, how it ends."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

INTERRUPTING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
"""The signals that a keeper's work may be interrupted by."""

GRACE = 3.0
"""Seconds in which a process may end by itself before it is killed: what it has is thrown away."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def birth(pid: int) -> str | None:
    """When a process began, in words of the system; None if there is none. Two processes that had
    the same id one after the other differ in it."""
    if sys.platform == "linux":
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = status.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    said = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return said[1].strip() if len(said) == 2 and not said[0].startswith("Z") else None


def is_alive(pid: int, born: str) -> bool:
    """Whether this very process still runs."""
    return birth(pid) == born


@contextmanager
def undisturbed() -> Iterator[None]:
    """None of INTERRUPTING comes to this thread before the end of the ``with``."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def machine() -> str:
    """Where process ids mean what they mean here: a container that shares a directory or a Docker
    daemon with us has its own."""
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return f"{socket.gethostname()} {space}".strip()


def spawn(
    command: Sequence[str | os.PathLike[str]],
    *,
    environment: Mapping[str, str],
    directory: Path,
    output: int,
    user: tuple[int, int] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a process that leads a group of its own and, on Linux, is killed when we are gone.

    `output` is a descriptor for what it says; `user` its user and group. Call it from the main
    thread: the system looks at the thread that started the process (prctl, PR_SET_PDEATHSIG).
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=directory,
        start_new_session=True,
        user=None if user is None else user[0],
        group=None if user is None else user[1],
        extra_groups=None if user is None else [],
        preexec_fn=_die_with(os.getpid()),
    )


def _die_with(parent: int) -> Callable[[], None]:
    """What a child does before it becomes its program. After the change of its user, which would
    take the signal away again."""

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it was gone before
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def end(children: Iterable["subprocess.Popen[bytes]"]) -> None:
    """End our children with the groups that they lead."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        _to_group(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for child in running:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
    for child in running:
        _to_group(child.pid, signal.SIGKILL)  # those that it left behind in its group, too
        child.wait()


def kill(pid: int, born: str) -> None:
    """Kill a process that was somebody else's child, with its group, if it is still that one."""
    if is_alive(pid, born):
        _to_group(pid, signal.SIGKILL)


def _to_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
