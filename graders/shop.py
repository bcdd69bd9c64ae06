"""People and processes of the scenario's own, for what stands beside the learner's code.

The worker charges orders as the course teaches: with the order's id as the key, an ack after the
work, and what it cannot do goes to the dead letters with its cause and its attempts. An order that
says it has had all its attempts gets none. The support desk opens one ticket for each order that a
dead letter names, however often it is told.
"""

import json
import re
from collections.abc import Sequence

from minibroker.ledgers.payments import KeyConflict, PaymentLedger, Refused
from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Deduplicated, SideEffect, Trace
from minibroker.sim.values import Value, encoded
from minibroker.sim.world import LATENCY, World

NAME = "shop"
DESK = "support"


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
            name, cents = order["id"], order["cents"]
            if type(name) is not str or type(cents) is not int:
                raise ValueError("it has no id or no cents")
            self._payments.charge(NAME, name, cents, name)
        except (ValueError, TypeError, KeyError, RecursionError, Refused, KeyConflict) as error:
            # As a client of the gateway would know the error.
            name = error.error if isinstance(error, Refused) else type(error).__name__
            self._put_away(body, f"{name}: {error}", attempts)

    def _put_away(self, body: bytes, cause: str, attempts: int) -> None:
        headers: dict[str, Value] = {"cause": cause, "attempts": attempts}
        properties: dict[str, Value] = {"delivery_mode": 2, "headers": headers}
        self._broker.publish(NAME, "", self._dead_letters, body, properties)


class SupportDesk:
    """Reads `queue` from now on, and opens a ticket for each of `subjects` that it reads of, in a
    body or in a header, in any form."""

    def __init__(
        self, broker: Broker, trace: Trace, clock: Clock, queue: str, subjects: Sequence[str]
    ) -> None:
        self._trace = trace
        self._clock = clock
        self._subjects = subjects
        self._tickets: set[str] = set()
        broker.consume(broker.open_channel(DESK, self._read), queue, "desk", auto_ack=True)

    def _read(self, delivery: Delivery) -> None:
        message = delivery.copy.message
        headers = message.properties.get("headers")
        words = encoded(headers)
        for subject in self._subjects:
            # Not as a part of a longer name: order-1 is not order-10.
            named = re.compile(rf"(?<![\w-]){re.escape(subject)}(?!\w)")
            if named.search(message.body.decode(errors="replace")) or named.search(words):
                self._open(subject)

    def _open(self, subject: str) -> None:
        now = self._clock.now
        if subject in self._tickets:
            self._trace.append(
                Deduplicated(at=now, who=DESK, kind="ticket", subject=subject, key=subject)
            )
            return
        self._tickets.add(subject)
        self._trace.append(SideEffect(at=now, who=DESK, kind="ticket", subject=subject))
