"""What went over AMQP connections, as events of a trace.

The book knows of every copy of a message what the wire has shown: a publish that was sent on, a
delivery that came, an ack that was sent on, and, at the end, what a reader found in each queue.
What a broker does by itself (an expired message goes to a dead-letter exchange) shows when the
message comes out somewhere else, and its own headers say why (RabbitMQ docs, "Dead Letter
Exchanges"): only then is it written down.

Messages have no number on the wire. They are known by their bodies, which all differ in a scenario.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from ackademy.reality.clock import RealClock
from minibroker.sim.trace import (
    DeadLettered,
    Delivered,
    Published,
    Requeued,
    Returned,
    Settled,
    Trace,
)
from minibroker.sim.values import Value

Held = tuple[str, int, int, int]
"""Who holds a copy (``worker#1``), on which of its connections and channels, under which tag."""

State = Literal["ready", "held", "rejected", "gone"]


@dataclass
class Copy:
    """One message in one queue."""

    queue: str
    message: int
    body: bytes
    headers: dict[str, Any]
    state: State = "ready"
    holder: Held | None = None
    handed: int = 0


@dataclass
class AmqpBook:
    """All copies of one run, and the queues they are in."""

    trace: Trace
    clock: RealClock
    queues: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    exchanges: dict[str, str] = field(default_factory=dict)
    bindings: list[tuple[str, str, str]] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)

    # --- topology --------------------------------------------------------------------------

    def declared(self, queue: str, arguments: Mapping[str, Any] | None) -> None:
        """A queue is there."""
        self.queues.setdefault(queue, dict(arguments or {}))

    def routed(self, exchange: str, key: str) -> list[str]:
        """The queues that a message comes to."""
        if not exchange:
            return [key] if key in self.queues else []
        kind = self.exchanges.get(exchange, "direct")
        return list(
            dict.fromkeys(
                queue
                for source, bound, queue in self.bindings
                if source == exchange and _matches(kind, bound, key)
            )
        )

    # --- messages --------------------------------------------------------------------------

    def published(
        self, who: str, exchange: str, key: str, body: bytes, headers: Mapping[str, Any]
    ) -> int:
        """A message was sent to the broker; gives its number."""
        number, queues = self.trace.new_message(), self.routed(exchange, key)
        self.trace.append(
            Published(
                at=self.clock.tick(),
                who=who,
                message=number,
                exchange=exchange,
                routing_key=key,
                queues=queues,
                body=body,
                headers=plain(headers),
            )
        )
        self.copies += [Copy(queue, number, body, dict(headers)) for queue in queues]
        return number

    def returned(self, who: str, body: bytes, text: str) -> None:
        """A mandatory message came back."""
        sent = [each.message for each in self.trace.of(Published) if each.body == body]
        if sent:
            self.trace.append(Returned(at=self.clock.tick(), who=who, message=sent[-1], text=text))

    def delivered(
        self,
        holder: Held,
        queue: str,
        body: bytes,
        headers: Mapping[str, Any],
        redelivered: bool,
        auto_ack: bool,
    ) -> None:
        """A message was handed to a process."""
        copy = self._arrived(queue, body, headers)
        copy.handed += 1
        self.trace.append(
            Delivered(
                at=self.clock.tick(),
                who=holder[0],
                queue=queue,
                message=copy.message,
                tag=holder[3],
                attempt=copy.handed,
                redelivered=redelivered,
            )
        )
        if auto_ack:
            self._gone(copy, holder[0], "auto-acked")
        else:
            copy.state, copy.holder = "held", holder

    def settled(self, holder: Held, multiple: bool, how: str, requeue: bool = False) -> None:
        """A process has acked, nacked or rejected what it holds."""
        for copy in self._held(holder, multiple):
            if how == "acked":
                self._gone(copy, holder[0], "acked")
            elif requeue:
                self._requeued(copy, "nacked" if how == "nacked" else "rejected")
            elif self.queues.get(copy.queue, {}).get("x-dead-letter-exchange") is None:
                self._gone(copy, holder[0], "dropped")
            else:
                copy.state = "rejected"  # where it went shows when it comes out there

    def body_of(self, holder: Held) -> bytes:
        """What a process holds under a tag."""
        held = self._held(holder, multiple=False)
        return held[0].body if held else b""

    def lost(self, who: str, connection: int | None = None, channel: int | None = None) -> None:
        """A process, one of its connections or channels is gone, with all that it held."""
        for copy in self.copies:
            if copy.state != "held" or copy.holder is None or copy.holder[0] != who:
                continue
            if connection is not None and copy.holder[1] != connection:
                continue
            if channel is not None and copy.holder[2] != channel:
                continue
            self._requeued(copy, "connection lost" if channel is None else "channel closed")

    def recovered(self, holder: Held) -> None:
        """All that was handed out on a channel goes back."""
        for copy in self._held((*holder[:3], 0), multiple=True):
            self._requeued(copy, "recovered")

    # --- the end ---------------------------------------------------------------------------

    def waiting(self) -> list[Copy]:
        """The copies that are still somewhere."""
        return [copy for copy in self.copies if copy.state != "gone"]

    def close(self, found: Mapping[str, list[tuple[bytes, Mapping[str, Any]]]]) -> None:
        """What the reader found in all queues; what it did not find is gone."""
        before = self.waiting()
        for queue, messages in found.items():
            mine = [copy for copy in before if copy.queue == queue]
            for body, headers in messages:
                same = next(
                    (c for c in mine if c.body == body and _same_attempt(c, headers)), None
                ) or next((c for c in mine if c.body == body), None)
                if same is not None:
                    mine.remove(same)
                    before.remove(same)
                    if same.state == "held":
                        self._requeued(same, "connection lost")
                    same.headers = dict(headers)
        # What is left over in the books may have come out elsewhere.
        for queue, messages in found.items():
            known = [copy for copy in self.waiting() if copy.queue == queue and copy not in before]
            for body, headers in messages:
                same = next((copy for copy in known if copy.body == body), None)
                if same is not None:
                    known.remove(same)
                    continue
                self._moved(queue, body, headers, before)
        for copy in before:
            if copy.state == "gone":
                continue
            ttl = "x-message-ttl" in self.queues.get(copy.queue, {})
            self._gone(copy, "broker", "expired" if ttl else "dropped")

    # --- parts -----------------------------------------------------------------------------

    def _arrived(self, queue: str, body: bytes, headers: Mapping[str, Any]) -> Copy:
        """The copy that came out of a queue."""
        here = [copy for copy in self.waiting() if copy.queue == queue and copy.body == body]
        ready = [copy for copy in here if copy.state == "ready"]
        for copy in ready:
            if _same_attempt(copy, headers):
                return copy
        if ready:
            return ready[0]
        source = _death(headers)[1]
        loose = [c for c in self.waiting() if c.body == body and c.state != "held"]
        if source and not any(copy.queue == source for copy in loose):
            for copy in loose:
                if copy.state == "rejected":  # it has been in its source meanwhile, and nobody saw
                    self._moved(source, body, {**headers, **_rejected(copy.queue)}, loose)
                    break
        if source and any(copy.queue == source for copy in self.waiting() if copy.body == body):
            return self._moved(queue, body, headers, self.waiting())
        if here:  # the broker took it back before this side saw the connection end
            self._requeued(here[0], "connection lost")
            return here[0]
        return self._moved(queue, body, headers, self.waiting())

    def _moved(
        self, queue: str, body: bytes, headers: Mapping[str, Any], among: list[Copy]
    ) -> Copy:
        """It was moved here by a dead-letter exchange."""
        reason, source = _death(headers)
        same = [copy for copy in among if copy.body == body and copy.state != "gone"]
        came = next((copy for copy in same if copy.queue == source), None)
        if came is None:
            number = self.trace.new_message()
            self.trace.append(
                Published(
                    at=self.clock.tick(),
                    who="broker",
                    message=number,
                    exchange="",
                    routing_key=queue,
                    queues=[queue],
                    body=body,
                    headers=plain(headers),
                )
            )
        else:
            number = came.message
            who = came.holder[0] if came.state == "rejected" and came.holder else "broker"
            came.state = "gone"
            exchange = str(self.queues.get(source, {}).get("x-dead-letter-exchange", ""))
            self.trace.append(
                DeadLettered(
                    at=self.clock.tick(),
                    who=who,
                    queue=source,
                    message=number,
                    reason=reason,
                    exchange=exchange,
                    routing_key=queue,
                    queues=[queue],
                    headers=plain(headers),
                )
            )
        copy = Copy(queue, number, body, dict(headers))
        self.copies.append(copy)
        return copy

    def _held(self, holder: Held, multiple: bool) -> list[Copy]:
        who, connection, channel, tag = holder
        return [
            copy
            for copy in self.copies
            if copy.state == "held"
            and copy.holder is not None
            and copy.holder[:3] == (who, connection, channel)
            and (copy.holder[3] == tag or (multiple and (tag == 0 or copy.holder[3] <= tag)))
        ]

    def _gone(self, copy: Copy, who: str, how: str) -> None:
        copy.state = "gone"
        self.trace.append(
            Settled(at=self.clock.tick(), who=who, queue=copy.queue, message=copy.message, how=how)
        )

    def _requeued(self, copy: Copy, why: str) -> None:
        who = copy.holder[0] if copy.holder else "broker"
        copy.state, copy.holder = "ready", None
        self.trace.append(
            Requeued(at=self.clock.tick(), who=who, queue=copy.queue, message=copy.message, why=why)
        )


def plain(headers: Mapping[str, Any]) -> dict[str, Value]:
    """Headers as a trace keeps them."""
    return {str(name): _value(value) for name, value in headers.items()}


def _value(value: Any) -> Value:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return cast(Value, value)
    if isinstance(value, dict):
        return {str(name): _value(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_value(each) for each in value]
    return str(value)


def _death(headers: Mapping[str, Any]) -> tuple[str, str]:
    """Why and from which queue a message was dead-lettered last, by the broker's own headers."""
    if "x-last-death-queue" in headers:
        return str(headers.get("x-last-death-reason")), str(headers["x-last-death-queue"])
    deaths = headers.get("x-death") or []
    if not deaths:
        return "", ""
    return str(deaths[0].get("reason")), str(deaths[0].get("queue"))


def _rejected(queue: str) -> dict[str, str]:
    return {"x-last-death-queue": queue, "x-last-death-reason": "rejected"}


def _same_attempt(copy: Copy, headers: Mapping[str, Any]) -> bool:
    return copy.headers.get("attempts") == headers.get("attempts")


def _matches(kind: str, bound: str, key: str) -> bool:
    if kind == "fanout":
        return True
    if kind != "topic":
        return bound == key
    return _topic(bound.split("."), key.split("."))


def _topic(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return _topic(pattern[1:], words) or bool(words and _topic(pattern, words[1:]))
    return bool(words) and pattern[0] in ("*", words[0]) and _topic(pattern[1:], words[1:])
