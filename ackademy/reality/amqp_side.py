"""The AMQP side of a run: a proxy for each process, the book, the shop, and what is left."""

from typing import Any

from ackademy.reality import amqp_shop
from ackademy.reality.amqp_book import AmqpBook
from ackademy.reality.amqp_link import AmqpLink
from ackademy.reality.clock import RealClock
from ackademy.reality.gate import Gate
from ackademy.reality.proxy import Proxy, Stream
from minibroker.sim.trace import RetryPolicy, Trace

BUILT_IN = "amq."


class AmqpSide:
    """A `Side`; see `ackademy.reality.sides`."""

    def __init__(
        self, url: str, upstream: tuple[str, int], gate: Gate, trace: Trace, clock: RealClock
    ) -> None:
        self._url, self._upstream, self._gate, self._trace = url, upstream, gate, trace
        self.book = AmqpBook(trace, clock)
        self.shop = amqp_shop.AmqpShop(url, self.book)
        self._proxies: dict[str, Proxy] = {}

    async def address(self, who: str) -> dict[str, Any]:
        """Where this incarnation finds its broker."""

        async def link(number: int, client: Stream, broker: Stream) -> None:
            await AmqpLink(who, number, self.book, self._gate).run(client, broker)

        proxy = self._proxies[who] = Proxy(self._upstream, link)
        return {"amqp": f"amqp://guest:guest@127.0.0.1:{await proxy.open()}/%2F"}

    async def gone(self, who: str) -> None:
        """The incarnation has ended."""
        proxy = self._proxies.pop(who)
        await proxy.drained()
        await proxy.close()
        self.book.lost(who)
        if proxy.failed:
            raise proxy.failed[0]

    def at_rest(self) -> bool:
        """Whether every message is done with, or a dead letter."""
        rest = {policy.dead_letters for policy in self._trace.of(RetryPolicy)}
        return all(copy.queue in rest for copy in self.book.waiting())

    def read(self) -> None:
        """Take out of the broker what is left there."""
        expected = dict.fromkeys(self.book.queues, 0)
        for copy in self.book.waiting():
            expected[copy.queue] = expected.get(copy.queue, 0) + 1
        self.book.close(amqp_shop.taken(self._url, expected))

    async def close(self) -> None:
        """Leave nothing in the broker."""
        for proxy in self._proxies.values():
            await proxy.close()
        self.shop.close()
        exchanges = [name for name in self.book.exchanges if not name.startswith(BUILT_IN)]
        amqp_shop.cleared(self._url, self.book.queues, exchanges)
