"""What runs in the learner's process: ``python -m ackademy.reality.learner FD PARENT``.

One incarnation of one role: the cell is compiled and run as it stands, with the real clock and the
real client libraries, and its entry function is called with what it takes. The file descriptor is a
socket to the parent. The job comes over it first, one JSON object; then the ledgers are asked by
it, for what they know must survive this process; and last it says how the process ended. When it
closes, the parent is gone, and so is this process.
"""

import json
import os
import signal
import socket
import sys
import threading
from typing import Any

from minibroker.sim.incarnation import CELL, NAME, NAME_KIND, Refused

MOST_TEXT = 500


class Line:
    """The socket to the parent, a JSON object a line each way."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._reader = self._socket.makefile("rb")
        self._turn = threading.Lock()
        self.now = 0

    def ask(self, client: str, op: str, **args: object) -> Any:
        """One call of a ledger. Raises `Refused`, as the simulator's boundary does."""
        with self._turn:
            self.say({"client": client, "op": op, "args": args})
            answer = self.hear()
        if "error" in answer:
            raise Refused(answer["error"], answer["message"], answer["data"])
        return answer["value"]

    def say(self, message: dict[str, Any]) -> None:
        """Send one object."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        """Wait for one object."""
        line = self._reader.readline()
        if not line:
            os._exit(0)  # there is nobody left to work for
        heard: dict[str, Any] = json.loads(line)
        return heard


def main(descriptor: int, parent: int) -> None:
    """Live one incarnation."""
    die_with_the_parent(parent)
    line = Line(descriptor)
    job = line.hear()
    try:
        _live(job, line)
        ended = {"how": "returned"}
    except BaseException as error:  # a learner's code may raise anything, and it is theirs
        ended = _ended(error)
    line.say({"ended": ended})


def die_with_the_parent(parent: int) -> None:
    """End this process when that one ends, also while this one is stopped where the system has
    that; at once, if it has ended already."""
    try:
        from graders.sandbox import libc

        libc.Call("prctl", libc.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)()
    except (ImportError, AttributeError, OSError):

        def look() -> None:
            while os.getppid() == parent:
                threading.Event().wait(1)
            os._exit(0)

        threading.Thread(target=look, daemon=True).start()
    if os.getppid() != parent:
        os._exit(0)


def _live(job: dict[str, Any], line: Line) -> None:
    namespace: dict[str, Any] = {"__name__": NAME}
    exec(compile(job["source"], CELL, "exec", dont_inherit=True), namespace)
    entry = namespace[job["entry"]]
    entry(*(_client(kind, job, line) for kind in job["clients"].values()))


def _client(kind: str, job: dict[str, Any], line: Line) -> Any:
    """What the entry function takes: a real client, or one that asks a ledger of the parent's."""
    if kind == NAME_KIND:
        return job["process"]
    if kind == "kafka":
        return job["kafka"]
    if kind in ("pika.channel", "pika.connection"):
        import pika

        connection = pika.BlockingConnection(pika.URLParameters(job["amqp"]))
        return connection.channel() if kind == "pika.channel" else connection
    from minibroker.clients import make

    return make(kind, line)


def _ended(error: BaseException) -> dict[str, Any]:
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return {"how": "returned"}
    at, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CELL:
            at = trace.tb_lineno
        trace = trace.tb_next
    return {
        "how": "raised",
        "error": type(error).__name__,
        "message": str(error)[:MOST_TEXT],
        "line": at,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
