"""Publishing: from a message to a copy in each queue that it reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from minibroker.queues import expiry
from minibroker.queues.channel import Channel
from minibroker.queues.cluster import Pending
from minibroker.queues.exchange import DEFAULT
from minibroker.queues.flow import Flow, headers
from minibroker.queues.message import Message
from minibroker.queues.queue import Queue
from minibroker.queues.routing import Exchanges
from minibroker.sim.clock import Clock
from minibroker.sim.trace import NotAccepted, Published, Returned, Trace
from minibroker.sim.values import Value


class Receipt(NamedTuple):
    """What became of a published message: whether it was routed to any queue, and whether every
    queue that it was routed to took it. It is confirmed when all did, so an unroutable one is
    (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms")."""

    message: Message
    routed: bool
    accepted: bool
    pending: Pending | None = None
    """What it waits for, if some of these queues are halted: only then is it confirmed."""


class Publishing:
    """What a publisher asks for."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        flow: Flow,
        queues: Mapping[str, Queue],
        exchanges: Exchanges,
    ) -> None:
        self._clock = clock
        self._trace = trace
        self._flow = flow
        self._queues = queues
        self._exchanges = exchanges

    def publish(
        self,
        who: str,
        exchange: str,
        routing_key: str,
        body: bytes,
        properties: Mapping[str, Value] | None = None,
    ) -> Message:
        """Route a message and put a copy into each queue it reaches. One that reaches none is
        dropped, and its `Published` event says so."""
        return self.send(who, exchange, routing_key, body, properties).message

    def send(
        self,
        who: str,
        exchange: str,
        routing_key: str,
        body: bytes,
        properties: Mapping[str, Value] | None = None,
        mandatory: bool = False,
        encoded: object = None,
        copies: Sequence[str] = (),
        channel: Channel | None = None,
    ) -> Receipt:
        """`publish`, and say what became of the message. A mandatory one that reaches no queue
        goes back to its publisher, which the caller sees to. For `encoded` see `Message`; `copies`
        are routing keys besides (RabbitMQ, "Sender-selected Distribution"). What has to wait for a
        queue ends with the `channel` that it came by."""
        found = dict(properties or {})
        if "expiration" in found:
            expiry.check(found)
        if exchange == DEFAULT:
            names = [routing_key] if routing_key in self._queues else []
        else:
            self._exchanges.check_open(exchange)
            names = self._exchanges.route(exchange, routing_key, headers(found))
        if copies:
            more = self._exchanges.route_all(exchange, copies, headers(found))
            names += [name for name in more if name not in names]
        message = Message(
            self._trace.new_message(),
            body,
            exchange,
            routing_key,
            found,
            copies=tuple(copies),
            encoded=encoded,
        )
        return self._sent(who, message, names, mandatory, channel)

    def check_publish(self, exchange: str, properties: Mapping[str, Value]) -> None:
        """Refuse what `send` would refuse."""
        if "expiration" in properties:
            expiry.check(properties)
        if exchange != DEFAULT:
            self._exchanges.check_open(exchange)

    def repeat(self, message: Message, queue: str) -> None:
        """What a producer sent once comes to the queue a second time, as another message."""
        names = [queue] if queue in self._queues else []
        again = replace(message, number=self._trace.new_message())
        self._sent("scenario", again, names, mandatory=False)

    def _sent(
        self,
        who: str,
        message: Message,
        names: list[str],
        mandatory: bool,
        channel: Channel | None = None,
    ) -> Receipt:
        now, number = self._clock.now, message.number
        takers, full = self._flow.offered(names, message)
        self._trace.append(
            Published(
                at=now,
                who=who,
                message=number,
                exchange=message.exchange,
                routing_key=message.routing_key,
                queues=takers,
                body=message.body,
                headers=headers(message.properties),
            )
        )
        for queue in full:
            self._trace.append(NotAccepted(at=now, who=who, queue=queue.name, message=number))
        if mandatory and not names:
            self._trace.append(Returned(at=now, who=who, message=number, text="NO_ROUTE"))
        pending = None
        if self._flow.cluster is not None:
            takers, pending = self._flow.cluster.hold_back(takers, message, channel)
        self._flow.arrive_all(takers, message)
        for queue in full:
            self._flow.turn_away(queue, message)
        return Receipt(message, bool(names), not full, pending)
