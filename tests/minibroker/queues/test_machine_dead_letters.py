"""Queues of every kind at once, against a model that keeps nothing but the trace.

Queues of all types and arguments, dead-letter exchanges between them, times to live, bounds,
priorities, channels that die, queues that are deleted. The model reads the trace: where each copy
is, and which one each queue must hand out next. Then it asks the engine whether it sees the same.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.queue import Queue
from minibroker.sim.trace import (
    DeadLettered,
    Delivered,
    Event,
    NotAccepted,
    Published,
    Requeued,
    Settled,
    Trace,
)
from tests.minibroker.queues.due import Due

QUEUES = ("a", "b", "c", "d")
CLIENTS = 2

COMMON = {
    "x-message-ttl": st.sampled_from([0, 1_000, 3_000]),
    "x-dead-letter-exchange": st.sampled_from(["", "dead", "nowhere"]),
    "x-dead-letter-routing-key": st.sampled_from(QUEUES),
    "x-max-length": st.integers(0, 3),
    "x-max-length-bytes": st.integers(0, 30),
    "x-overflow": st.sampled_from(["drop-head", "reject-publish"]),
    "x-single-active-consumer": st.booleans(),
    "x-expires": st.just(60_000),
}
CLASSIC: dict[str, Any] = COMMON | {
    "x-overflow": st.sampled_from(["drop-head", "reject-publish", "reject-publish-dlx"]),
    "x-max-priority": st.integers(1, 3),
}
QUORUM: dict[str, Any] = COMMON | {
    "x-dead-letter-strategy": st.sampled_from(["at-most-once", "at-least-once"]),
    "x-delivery-limit": st.integers(-1, 2),
}
NOTHING = st.fixed_dictionaries({})


def arguments(kind: str, known: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"x-queue-type": st.just(kind)}, optional=known)


@dataclass
class Place:
    """What the trace tells of one queue: entries of (sort key, message)."""

    ready: list[tuple[tuple[int, int], int]] = field(default_factory=list)
    held: list[tuple[tuple[int, int], int]] = field(default_factory=list)


def first(entries: list[tuple[tuple[int, int], int]], message: int) -> tuple[tuple[int, int], int]:
    return next(entry for entry in sorted(entries) if entry[1] == message)


class EveryKindOfQueue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self.due = Due()
        self.broker = Broker(self.due.clock, self.trace, self.due.at)
        self.broker.declare_exchange("dead", kind="fanout")
        self.named: dict[str, Queue] = {}
        self.places: dict[str, Place] = {}
        self.priorities: dict[int, Any] = {}
        self.seen = 0
        self.serial = 0
        self.returned = -(10**9)
        self.subscribed = 0
        self.published = self.passed_on = self.settled = self.buried = 0
        self.got: list[Delivery] = []
        self.channels: list[Channel] = []
        self.all_channels: list[Channel] = []
        for number in range(CLIENTS):
            self.channels.append(self.a_channel(number))

    def a_channel(self, number: int) -> Channel:
        channel = self.broker.open_channel(f"client#{number}", self.got.append)
        self.all_channels.append(channel)
        return channel

    # --- what happens --------------------------------------------------------------------------

    @rule(name=st.sampled_from(QUEUES), given=st.one_of(
        NOTHING, arguments("classic", CLASSIC), arguments("quorum", QUORUM)
    ))  # fmt: skip
    def declares(self, name: str, given: dict[str, Any]) -> None:
        if name in self.named:
            return  # a deleted one is not made anew: its copies would be taken for the new one's
        if "x-dead-letter-exchange" not in given:
            given = {key: value for key, value in given.items() if "dead-letter" not in key}
        self.named[name] = self.broker.declare_queue(name, arguments=given)
        self.places[name] = Place()
        self.broker.bind(name, "amq.fanout", "")
        self.read()

    @rule(name=st.sampled_from(QUEUES), bound=st.booleans())
    def binds(self, name: str, bound: bool) -> None:
        if name in self.named and not self.named[name].deleted:
            if bound:
                self.broker.bind(name, "dead", "")
            else:
                self.broker.unbind(("queue", name), "dead", "")
        self.read()

    @rule(
        name=st.sampled_from([*QUEUES, "all"]),
        size=st.integers(0, 20),
        priority=st.sampled_from([None, None, 0, 1, 5, 40]),
        expiration=st.sampled_from([None, None, None, "0", "2000", "20000"]),
        twice=st.booleans(),
    )
    def publishes(self, name: str, size: int, priority: int | None, expiration: str | None,
                  twice: bool) -> None:  # fmt: skip
        given = {"priority": priority, "expiration": expiration}
        properties = {key: value for key, value in given.items() if value is not None}
        exchange = "amq.fanout" if name == "all" else ""
        for _ in range(1 + twice):
            receipt = self.broker.send("scenario", exchange, name, bytes(size), properties)
            self.priorities[receipt.message.number] = priority
            self.read()
            refused = [e for e in self.trace.of(NotAccepted) if e.message == receipt.message.number]
            assert receipt.accepted == (not refused)

    @rule(
        who=st.integers(0, CLIENTS - 1), name=st.sampled_from(QUEUES),
        prefetch=st.integers(0, 2), auto_ack=st.booleans(), priority=st.integers(-1, 1),
    )  # fmt: skip
    def consumes(self, who: int, name: str, prefetch: int, auto_ack: bool, priority: int) -> None:
        channel = self.channels[who]
        if name in self.named and not self.named[name].deleted:
            channel.prefetch = prefetch
            self.subscribed += 1
            tag = f"tag-{self.subscribed}"
            rank = {"x-priority": priority} if priority else {}
            self.broker.consume(channel, name, tag, auto_ack, arguments=rank)
        self.read()

    @rule(who=st.integers(0, CLIENTS - 1), name=st.sampled_from(QUEUES), auto_ack=st.booleans())
    def gets(self, who: int, name: str, auto_ack: bool) -> None:
        if name in self.named and not self.named[name].deleted:
            alone = self.named[name].arguments
            if not (alone.quorum and alone.single_active_consumer):
                self.broker.get(self.channels[who], name, auto_ack)
        self.read()

    @rule(
        who=st.integers(0, CLIENTS - 1),
        which=st.integers(0, 3),
        how=st.sampled_from(["ack", "nack", "reject", "drop", "drop", "recover", "reject"]),
        multiple=st.booleans(),
    )
    def settles(self, who: int, which: int, how: str, multiple: bool) -> None:
        channel = self.channels[who]
        tags = sorted(channel.unacked)
        if tags:
            tag = tags[min(which, len(tags) - 1)]
            match how:
                case "ack":
                    self.broker.ack(channel, tag, multiple)
                case "nack":
                    self.broker.nack(channel, tag, multiple, requeue=True)
                case "drop":
                    self.broker.nack(channel, tag, multiple, requeue=False)
                case "reject":
                    self.broker.reject(channel, tag, requeue=True)
                case "recover":
                    self.broker.recover(channel)
        self.read()

    @rule(who=st.integers(0, CLIENTS - 1), how=st.sampled_from(["cancel", "cancel", "close"]))
    def leaves(self, who: int, how: str) -> None:
        channel = self.channels[who]
        if how == "close":
            self.broker.close(channel, "connection lost")
            self.channels[who] = self.a_channel(who)
        elif channel.consumers:
            self.broker.cancel(channel, min(channel.consumers))
        self.read()

    @rule(span=st.sampled_from([0.5, 1, 2, 5, 30, 100]))
    def time_passes(self, span: float) -> None:
        self.due.passes(span)
        self.read()

    @rule(name=st.sampled_from(QUEUES), delete=st.booleans())
    def is_emptied(self, name: str, delete: bool) -> None:
        if name in self.named and not self.named[name].deleted:
            if delete:
                self.broker.delete_queue("scenario", name)
            else:
                self.broker.purge("scenario", name)
        self.read()

    # --- what the trace tells ------------------------------------------------------------------

    def read(self) -> None:
        for event in self.trace.events[self.seen :]:
            self.reads(event)
        self.seen = len(self.trace)

    def reads(self, event: Event) -> None:
        match event:
            case Published(message=message, queues=queues):
                self.published += len(queues)
                for queue in queues:
                    self.arrives(queue, message)
            case Delivered(queue=queue, message=message):
                place = self.places[queue]
                entry = min(place.ready)
                assert entry[1] == message, "the first in the queue is handed out first"
                place.ready.remove(entry)
                place.held.append(entry)
            case Requeued(queue=queue, message=message):
                place = self.places[queue]
                entry = first(place.held, message)
                place.held.remove(entry)
                if self.named[queue].arguments.quorum:
                    self.returned += 1
                    entry = ((self.returned, 0), message)
                place.ready.append(entry)
            case Settled(queue=queue, message=message, how=how):
                self.settled += 1
                self.goes(queue, message, how)
            case DeadLettered():
                self.dies(event)

    def arrives(self, queue: str, message: int) -> None:
        self.serial += 1
        given, wanted = self.named[queue].arguments, self.priorities[message]
        if given.quorum:
            rank = min(4 if wanted is None else wanted, 31)
        else:
            rank = min(wanted or 0, given.max_priority or 0)
        self.places[queue].ready.append(((-rank, self.serial), message))

    def goes(self, queue: str, message: int, how: str) -> None:
        place = self.places[queue]
        if how in ("purged", "expired", "overflowed"):
            place.ready.remove(first(place.ready, message))
            return
        waiting = how == "deleted" and any(entry[1] == message for entry in place.ready)
        entries = place.ready if waiting else place.held
        entries.remove(first(entries, message))

    def dies(self, event: DeadLettered) -> None:
        history = event.headers["x-death"]
        assert (history[0]["queue"], history[0]["reason"]) == (event.queue, event.reason)
        assert len({(each["queue"], each["reason"]) for each in history}) == len(history)
        turned_away = event.reason == "maxlen" and "publish" in self.overflow(event.queue)
        if not turned_away:
            self.buried += 1
            place = self.places[event.queue]
            waiting = event.reason in ("expired", "maxlen")
            entries = place.ready if waiting else place.held
            entries.remove(first(entries, event.message))
        for queue in event.queues:
            self.passed_on += 1
            self.arrives(queue, event.message)

    def overflow(self, queue: str) -> str:
        return self.named[queue].arguments.overflow

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def the_engine_has_what_the_trace_tells(self) -> None:
        for name, queue in self.named.items():
            if queue.deleted:
                continue
            kept = [reason for _, reason, _ in queue.discards]
            expired = kept.count("expired")
            assert len(queue) + expired == len(self.places[name].ready)
            held = sum(u.queue is queue for c in self.all_channels for u in c.unacked.values())
            assert held + len(kept) - expired == len(self.places[name].held)

    @invariant()
    def counts_add_up(self) -> None:
        ready = sum(len(place.ready) for place in self.places.values())
        held = sum(len(place.held) for place in self.places.values())
        gone = self.settled + self.buried
        assert self.published + self.passed_on == ready + held + gone

    @invariant()
    def nothing_waits_while_somebody_has_room(self) -> None:
        for queue in self.named.values():
            if not queue.arguments.single_active_consumer:
                assert not (len(queue) and any(one.has_room() for one in queue.consumers))

    @invariant()
    def nothing_that_is_over_is_at_the_head(self) -> None:
        for queue in self.named.values():
            if (head := queue.head) is not None and head.expires is not None:
                assert head.expires > self.due.clock.now
                assert any(when <= head.expires for when in self.due.pending)

    @invariant()
    def a_queue_that_drops_its_head_holds_no_more_than_it_may(self) -> None:
        for queue in self.named.values():
            most = queue.arguments.max_length
            if most is not None and queue.arguments.overflow == "drop-head":
                assert len(queue) <= most

    @invariant()
    def no_copy_has_failed_too_often(self) -> None:
        for channel in self.all_channels:
            for unacked in channel.unacked.values():
                limit = unacked.queue.arguments.delivery_limit
                if limit is not None and unacked.copy.failures is not None:
                    assert unacked.copy.failures <= limit

    @invariant()
    def a_single_active_consumer_is_alone(self) -> None:
        for queue in self.named.values():
            if queue.arguments.single_active_consumer and len(queue) and queue.consumers:
                assert not all(one.unacked == 0 for one in queue.consumers)


EveryKindOfQueue.TestCase.settings = settings(max_examples=60, stateful_step_count=50)
TestEveryKindOfQueue = EveryKindOfQueue.TestCase
