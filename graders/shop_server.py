"""A server of the scenario's own, for lessons in which the learner writes only the client.

It charges what it is asked to, with the order's id as the key, and replies to where the request
says, with its correlation id. It may be slow about an order; who asks again meanwhile is answered
when that work is done. And it may lose the first request about one: it is restarted right then and
had acked what it took.
"""

import json
from collections.abc import Collection, Mapping

from minibroker.ledgers.payments import PaymentLedger, Refused
from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.values import Value
from minibroker.sim.world import LATENCY, World

NAME = "payment server"


class ShopServer:
    """Takes requests from `queue` from now on. `slow` says how many seconds it works on an order,
    `loses` of which orders it loses the first request."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        payments: PaymentLedger,
        clock: Clock,
        queue: str,
        slow: Mapping[str, float],
        loses: Collection[str],
    ) -> None:
        self._world = world
        self._broker = broker
        self._payments = payments
        self._clock = clock
        self._slow = slow
        self._done: dict[str, int] = {}  # when the work on an order is done, or was
        self._to_lose = set(loses)
        self._channel: Channel = broker.open_channel(NAME, self._deliver)
        broker.consume(self._channel, queue, "server-1", auto_ack=False)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            order = json.loads(delivery.copy.message.body)
            name = str(order["id"])
        except (ValueError, TypeError, KeyError, RecursionError):
            order, name = None, ""
        now = self._clock.now
        done = self._done.setdefault(name, now + seconds(self._slow.get(name, 0)))
        # Not now: the broker is in the middle of handing out.
        self._world.at(max(now, done) + LATENCY, lambda: self._work(delivery, name, order))

    def _work(self, delivery: Delivery, name: str, order: Mapping[str, Value] | None) -> None:
        if name in self._to_lose:
            self._to_lose.remove(name)
        else:
            answer, properties = self._answer(name, order), delivery.copy.message.properties
            if isinstance(reply_to := properties.get("reply_to"), str):
                self._reply(reply_to, properties.get("correlation_id"), answer)
        self._broker.ack(self._channel, delivery.tag)

    def _answer(self, name: str, order: Mapping[str, Value] | None) -> dict[str, Value]:
        cents = order.get("cents") if order is not None else None
        if type(cents) is not int:
            return {"status": "no request"}
        try:
            self._payments.charge(NAME, name, cents, name)
        except Refused:
            return {"status": "declined"}
        return {"status": "paid", "cents": cents}

    def _reply(self, to: str, about: Value, answer: dict[str, Value]) -> None:
        properties = {} if about is None else {"correlation_id": about}
        self._broker.publish(NAME, "", to, json.dumps(answer).encode(), properties)
