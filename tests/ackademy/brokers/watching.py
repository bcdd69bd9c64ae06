"""Looking at what keepers have, and waiting until it is gone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from ackademy.brokers import processes

PATIENCE = 60.0

NAMED = (
    "ACKADEMY_BROKERS", "ACKADEMY_KAFKA", "ACKADEMY_AMQP", "ACKADEMY_REDIS", "ACKADEMY_AWS",
)  # fmt: skip

LEARNER = """
import sys
from ackademy import brokers
for kind in sys.argv[2:]:
    print("asks", kind, flush=True)
    broker = brokers.broker(kind, sys.argv[1])
    print(broker.where, flush=True)
print("ready", flush=True)
"""


class Watch:
    """What keepers have in one directory, seen by their records and by the system's."""

    def __init__(self, directory):
        self.directory = directory
        self.seen: set[tuple[int, str]] = set()

    def records(self):
        """The records of all keepers that have a directory."""
        found = []
        for path in self.directory.glob("ackademy-brokers-*/keeper.json"):
            try:
                found.append(json.loads(path.read_text()))
            except OSError:
                continue
        return found

    def keepers(self):
        """The ids of their processes."""
        return [record["keeper"][0] for record in self.records()]

    def look(self):
        """Remember every process that is a keeper's or comes from one."""
        for pid in self.keepers():
            for each in (pid, *descendants(pid)):
                if born := processes.birth(each):
                    self.seen.add((each, born))
        return self.seen

    def nothing_is_left(self):
        """No process that was seen, and no directory."""
        until(lambda: not self.living(), lambda: f"these still run: {self.living()}")
        until(lambda: not self.left(), lambda: f"these are still there: {self.left()}")

    def living(self):
        return [pid for pid, born in self.seen if processes.is_alive(pid, born)]

    def left(self):
        return sorted(each.name for each in self.directory.iterdir())


def descendants(pid):
    """The processes that came from this one and have not lost their parents since."""
    said = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split()
    parents = dict(zip(map(int, said[::2]), map(int, said[1::2]), strict=True))
    found, more = set(), {pid}
    while more:
        more = {child for child, parent in parents.items() if parent in more} - found
        found |= more
    return found


def until(done, why):
    """Wait for it; `why` tells what is wrong if it does not come."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, why()
        time.sleep(0.02)


def refuses(address):
    """Whether nobody listens at ``host:port`` any more."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return True
    return False


@contextmanager
def learner(provider, *kinds, then="sys.stdin.read()"):
    """A Python that asks for brokers, says so and does something else then."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEARNER + then, provider, *kinds],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.stdin.close()
        process.stdout.close()
        process.wait()


def says(process, word):
    """Read until it says this; gives all lines."""
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line.startswith(word):
            return lines
    raise AssertionError(f"it ended after {lines}")


def where(lines):
    """The addresses in what the learner's process said."""
    return [line.rpartition("on ")[2].strip("/") for line in lines if " on " in line]
