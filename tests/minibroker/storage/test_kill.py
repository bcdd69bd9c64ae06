"""A real process, really killed: what it had told to be flushed is there, in order and once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.minibroker.storage.keeping import Server

ROOT = Path(__file__).parents[3]


def writes_until_killed(directory, fsync, rounds):
    """Let a writer work for so many rounds or some more; gives the last one that it told of."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.minibroker.storage.writer", str(directory), fsync],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    for _ in range(rounds):
        told = writer.stdout.readline()
    writer.kill()
    rest = writer.stdout.read().splitlines(keepends=True)
    writer.stdout.close()
    assert writer.wait() == -9
    whole = [told, *(line for line in rest if line.endswith(b"\n"))]
    return int(whole[-1])


def committed(server, topic, partition):
    """The values that a read_committed consumer is shown."""
    log = server.cluster.log(topic, partition)
    values = []
    aborted = {
        offset
        for each in log.aborted(0, log.end)
        for offset in range(each.first_offset, each.last_offset + 1)
    }
    for batch in log.read(log.start, 2**31, log.last_stable_offset):
        if batch.control is None and batch.base_offset not in aborted:
            values += [int(each.value) for each in server.codec.shown(batch.payload)]
    return values


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
def test_what_was_flushed_survives_kill_9_in_order_and_once(tmp_path, fsync):
    directory, begun = tmp_path / "data", 0
    for rounds in (1, 7, 60, 200):
        told = writes_until_killed(directory, fsync, rounds)
        server = Server(directory, fsync=fsync)
        # Of the round in which it was killed some may be there, though nobody was told of it, but
        # what is open or was never begun in one partition is in neither.
        server.due.passes(61)
        sent = committed(server, "orders", 0)
        assert sent == sorted(set(sent))
        assert set(range(begun, told + 1)) <= set(sent) <= set(range(told + 2))
        paid = [committed(server, "payments", each) for each in (0, 1)]
        assert paid[0] == paid[1]
        assert paid[0] == sorted(set(paid[0]))
        assert set(range(begun, told + 1)) <= set(paid[0])
        begun = max(sent[-1], paid[0][-1]) + 1
        assert server.cluster.groups.committed("billing")[("orders", 0)].offset == paid[0][-1]
        server.disk.close()
