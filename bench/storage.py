"""Appends a second with each policy of syncing, alone and with others in the same turn."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

from bench.figures import rounds, row
from minibroker.log.records import Record
from minibroker.log.terms import EPOCH_US
from minibroker.sim.clock import Clock
from minibroker.sim.trace import NoTrace
from minibroker.storage import Fsync, open_cluster
from minibroker.wire.kafka.batches import opened
from tests.minibroker.storage.bytes import as_bytes

ROUNDS = 5
SECONDS = 0.5
VALUE = b"x" * 1000


def main() -> None:
    """Print them."""
    print("appends of 1 kB")
    for fsync in get_args(Fsync):
        for together in (1, 10, 100):
            found = rounds(partial(appends, fsync, together), ROUNDS)
            print(row(f"{fsync}, {together} in a turn", found, "/s"))


def appends(fsync: Fsync, together: int) -> float:
    """How many batches of one record of 1 kB are appended in a second, each acknowledged after the
    flush of its turn."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        clock = Clock(time.time_ns() // 1_000 - EPOCH_US)
        due: list[tuple[int, Callable[[], None]]] = []
        cluster, disk = open_cluster(
            Path(directory),
            clock,
            NoTrace(),
            lambda when, action: due.append((when, action)),
            fsync=fsync,
        )
        cluster.create_topic("orders")
        disk.flush()
        batch = opened(as_bytes([Record(0, None, VALUE, 0)]))
        count, began = 0, time.perf_counter()
        while (now := time.perf_counter()) < began + SECONDS:
            for _ in range(together):
                cluster.produce("bench", "orders", 0, batch, -1)
            disk.flush()
            count += together
            clock.advance(time.time_ns() // 1_000 - EPOCH_US)
            for when, action in [each for each in due if each[0] <= clock.now]:
                due.remove((when, action))
                action()
        disk.close()
        return count / (now - began)
