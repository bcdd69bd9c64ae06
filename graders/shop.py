"""A worker of the scenario's own, for exercises in which the learner writes what stands beside it.

It charges orders as the course teaches: with the order's id as the key, an ack after the work, and
what it cannot do goes to the dead letters with its cause and its attempts. An order that says it
has had all its attempts gets none.
"""

import json

from minibroker.ledgers.payments import PaymentLedger, Refused
from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.sim.clock import Clock
from minibroker.sim.values import Value
from minibroker.sim.world import LATENCY, World

NAME = "shop"


class ShopWorker:
    """Takes from `queue` from now on. Nothing crashes it."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        payments: PaymentLedger,
        clock: Clock,
        queue: str,
        dead_letters: str,
        attempts: int,
    ) -> None:
        self._world = world
        self._broker = broker
        self._payments = payments
        self._clock = clock
        self._dead_letters = dead_letters
        self._attempts = attempts
        self._channel: Channel = broker.open_channel(NAME, self._deliver)
        broker.consume(self._channel, queue, "shop-1", auto_ack=False)

    def _deliver(self, delivery: Delivery) -> None:
        # Not now: the broker is in the middle of handing out.
        self._world.at(self._clock.now + LATENCY, lambda: self._work(delivery))

    def _work(self, delivery: Delivery) -> None:
        message = delivery.copy.message
        headers = message.properties.get("headers")
        said = headers.get("attempts") if isinstance(headers, dict) else None
        attempts = said if isinstance(said, int) else 0
        if attempts >= self._attempts:
            self._put_away(message.body, "it has had all its attempts", attempts)
        else:
            self._charge(message.body, attempts + 1)
        self._broker.ack(self._channel, delivery.tag)

    def _charge(self, body: bytes, attempts: int) -> None:
        try:
            order = json.loads(body)
            self._payments.charge(NAME, order["id"], order["cents"], order["id"])
        except (ValueError, TypeError, KeyError, Refused) as error:
            self._put_away(body, f"{type(error).__name__}: {error}", attempts)

    def _put_away(self, body: bytes, cause: str, attempts: int) -> None:
        headers: dict[str, Value] = {"cause": cause, "attempts": attempts}
        properties: dict[str, Value] = {"delivery_mode": 2, "headers": headers}
        self._broker.publish(NAME, "", self._dead_letters, body, properties)
