"""A process that writes to a directory as fast as it can and tells what it has flushed, until it is
killed. Each round sends a batch to `orders`, and in one transaction one to each partition of
`payments` with the round as a group's position. It goes on from what it finds."""

import os
import sys
from pathlib import Path

from minibroker.log.groups import Committed
from tests.minibroker.storage.keeping import Server


def last_sent(server: Server) -> int:
    """The last number in `orders`."""
    log = server.cluster.log("orders", 0)
    found = log.read(max(log.end - 1, 0), 1, log.end)
    return int(server.codec.shown(found[-1].payload)[-1].value or b"-1") if found else -1


def main(directory: str, fsync: str) -> None:
    server = Server(Path(directory), fsync=fsync)
    if not server.cluster.topics():
        for topic, count in (("orders", 1), ("payments", 2)):
            server.cluster.create_topic(topic, count, config={"internal.segment.bytes": "2000"})
    position = server.cluster.groups.committed("billing").get(("orders", 0))
    number = max(last_sent(server) + 1, position.offset + 1 if position else 0)
    transactions = server.transactions
    id, epoch = transactions.init_producer("p", "shop")
    me = ("p", "shop", id, epoch)
    places = [("payments", 0), ("payments", 1)]
    sequence = 0
    while True:
        server.send(str(number).encode(), topic="orders").get()
        transactions.add_partitions(*me, places)
        for topic, partition in places:
            server.send(
                str(number).encode(), topic=topic, partition=partition, producer_id=id,
                producer_epoch=epoch, base_sequence=sequence, transactional=True,
            ).get()  # fmt: skip
        transactions.add_offsets(*me, "billing")
        transactions.commit_offsets(*me, "billing", {("orders", 0): Committed(number)})
        transactions.end(*me, True)
        server.disk.flush()
        os.write(1, b"%d\n" % number)
        number, sequence = number + 1, sequence + 1


main(*sys.argv[1:])
