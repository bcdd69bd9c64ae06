"""The Kafka side of a run: a proxy for each process, the book, the shop, and what is left."""

from typing import Any

from ackademy.reality import kafka_shop
from ackademy.reality.clock import RealClock
from ackademy.reality.gate import Gate
from ackademy.reality.kafka_book import KafkaBook
from ackademy.reality.kafka_link import KafkaLink
from ackademy.reality.kafka_shop import KafkaShop, Left
from ackademy.reality.proxy import Proxy, Stream
from graders.judges.copies import is_gone, last_of_each_copy
from graders.judges.debts import debts
from minibroker.sim.trace import Trace


class KafkaSide:
    """A `Side`; see `ackademy.reality.sides`."""

    def __init__(self, servers: str, gate: Gate, trace: Trace, clock: RealClock) -> None:
        self._servers, self._gate, self._trace = servers, gate, trace
        self.book = KafkaBook(trace, clock)
        self.shop = KafkaShop(servers, self.book)
        self._proxies: dict[str, dict[tuple[str, int], tuple[Proxy, int]]] = {}

    async def address(self, who: str) -> dict[str, Any]:
        """Where this incarnation finds its broker."""
        self._proxies[who] = {}
        host, _, port = self._servers.partition(",")[0].rpartition(":")
        return {"kafka": f"127.0.0.1:{await self._front(who, host, int(port))}"}

    async def _front(self, who: str, host: str, port: int) -> int:
        """The port at which this incarnation finds that broker."""
        mine = self._proxies[who]
        host = "127.0.0.1" if host == "localhost" else host
        if (host, port) not in mine:

            async def front(host: str, port: int) -> int:
                return await self._front(who, host, port)

            async def link(number: int, client: Stream, broker: Stream) -> None:
                await KafkaLink(who, self.book, self._gate, front).run(client, broker)

            proxy = Proxy((host, port), link)
            mine[host, port] = proxy, await proxy.open()
        return mine[host, port][1]

    async def gone(self, who: str) -> None:
        """The incarnation has ended."""
        for proxy, _ in self._proxies.pop(who).values():
            await proxy.drained()
            await proxy.close()
            if proxy.failed:
                raise proxy.failed[0]

    def at_rest(self) -> bool:
        """Whether every group has come past all records, all that is owed is done, and no
        transaction is open."""
        copies = last_of_each_copy(self._trace).items()
        return (
            not self.book.open
            and all(is_gone(copy, end[1]) for copy, end in copies)
            and all(debt.done for debt in debts(self._trace).values())
        )

    def read(self) -> None:
        """Complete the trace by what the broker holds."""
        groups: dict[str, list[str]] = {}
        for member, (group, _) in self.book.members.items():
            groups.setdefault(group, []).append(member)
        for group, members in groups.items():
            kafka_shop.leave(self._servers, group, members)
        close(self.book, self.shop.left(groups))

    async def close(self) -> None:
        """Leave nothing in the broker."""
        for mine in self._proxies.values():
            for proxy, _ in mine.values():
                await proxy.close()
        self.shop.clear({group for group, _ in self.book.members.values()})


def close(book: KafkaBook, left: Left) -> None:
    """Let a book say what a reader found: records whose answer nobody saw, transactions that the
    broker ended by itself, offsets that stand elsewhere."""
    for each in left.records:
        spot = each.topic, each.partition, each.offset
        if spot not in book.messages and each.committed:
            book.appended("broker", spot, each.key, each.value, each.headers)
    certain = {(r.topic, r.partition, r.offset) for r in left.records if r.committed}
    for transaction, spots in list(book.open.items()):
        places = {spot[:2] for spot in spots}
        along = book.along.get(transaction, [])
        if places & left.undecided or {place[0] for place, _ in along} & left.pending:
            continue  # it is open
        records = certain.issuperset(spots)
        offsets = all(left.offsets.get(place, -1) >= offset for place, offset in along)
        if records and offsets:
            book.ended("broker", transaction, "committed")
        else:
            book.ended("broker", transaction, "aborted", "timeout")
    for (group, topic, partition), offset in left.offsets.items():
        if book.committed.get((group, topic, partition), -1) != offset:
            book.offsets("broker", group, [(topic, partition, offset)])
