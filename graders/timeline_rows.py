"""A trace read into rows: one for each thing that a learner must see, in order.

Theory of operation. What an effect does in the world stands in the trace right after its
`Requested` and at the same time, so the last request is the cause of what follows, until
somebody is answered, crashes, starts or ends, or the scenario speaks. What the broker does by
itself (a push, a requeue after a lost connection) is nobody's effect and has no number.

A push and the `receive` that takes it are one row when nothing happened between them. They are
two when something did, so a crash between push and take is seen as what it is.
"""

from collections.abc import Callable
from typing import Any

from graders import timeline_calls as calls
from graders import timeline_words as words
from graders.timeline_copies import Copies
from graders.timeline_draft import PRODUCER, Draft, Drafts, Kind, Place
from minibroker.sim.trace import (
    Answered,
    Committed,
    Crashed,
    Deduplicated,
    Delivered,
    Ended,
    Event,
    Exited,
    GaveUp,
    Interrupted,
    Published,
    Requested,
    Requeued,
    Settled,
    SideEffect,
    Started,
    Trace,
)
from minibroker.sim.values import Value


class Reading:
    """The rows of a trace, the incarnations and queues in the order they came up, and the rows
    in which an incarnation was born (none for a first one) and died (none if it did not)."""

    def __init__(self, trace: Trace) -> None:
        self.incarnations: list[str] = []
        self.queues: list[str] = []
        self.births: dict[str, Draft] = {}
        self.deaths: dict[str, Draft] = {}
        self._drafts = Drafts()
        self._copies = Copies(trace)
        self._answers = {event.number: event for event in trace.of(Answered)}
        self._requests: dict[int, Requested] = {}
        self._cause: Requested | None = None
        self._handed: dict[tuple[str, int], Draft] = {}
        readers = self._readers()
        for position, event in enumerate(trace):
            if self._cause is not None and self._cause.at != event.at:
                self._cause = None
            if (reader := readers.get(type(event))) is not None:
                reader(event, position)

    @property
    def rows(self) -> list[Draft]:
        """The rows in order."""
        return self._drafts.rows

    def _readers(self) -> dict[type[Event], Callable[[Any, int], None]]:
        return {
            Started: self._started,
            Requested: self._requested,
            Answered: self._answered,
            Interrupted: self._interrupted,
            Crashed: self._crashed,
            Exited: self._exited,
            GaveUp: self._gave_up,
            Ended: self._ended,
            Published: self._published,
            Delivered: self._delivered,
            Settled: self._settled,
            Requeued: self._requeued,
            SideEffect: self._side_effect,
            Deduplicated: self._deduplicated,
            Committed: self._committed,
        }

    def _number(self, who: str) -> int | None:
        """The effect that is the cause of what happens now, if it is one of `who`."""
        return self._cause.number if self._cause is not None and self._cause.who == who else None

    def _verb(self) -> str:
        """The operation that is the cause of what happens now; empty if there is none."""
        return self._cause.op.removeprefix("basic_") if self._cause is not None else ""

    def _queue(self, name: str) -> Place:
        shown = words.plain(name, words.MOST_OF_A_NAME)
        if shown not in self.queues:
            self.queues.append(shown)
        return "queue", shown

    def _own(
        self, position: int, event: Any, kind: Kind, text: str, number: int | None = None
    ) -> Draft:
        """A row for what a process does by itself."""
        return self._drafts.add(
            position, Draft(event.at, ("process", event.who), kind, text, None, number)
        )

    # --- processes ---------------------------------------------------------------------

    def _started(self, event: Started, position: int) -> None:
        self._cause = None
        self.incarnations.append(event.who)
        if event.who.rpartition("#")[2] not in ("", "1"):
            text = "starts again, memory empty"
            self.births[event.who] = self._own(position, event, "start", text)

    def _interrupted(self, event: Interrupted, position: int) -> None:
        self._cause = None
        text = "nothing left to do: interrupted"
        self._own(position, event, "interrupt", text, event.number)

    def _crashed(self, event: Crashed, position: int) -> None:
        request = self._requests.get(event.number)
        done = self._drafts.done.get(event.number)
        made = done.text.partition(" ")[0] if done is not None and done.kind == "effect" else ""
        about = words.listed([str(copy) for copy in done.copies]) if done is not None else ""
        if request is not None and request.op == "receive":
            push = self._copies.next(event.who)
            about = str(self._copies.named(push.message)) if push is not None else ""
        text = calls.crash(request, made, about)
        self._dead(event.who, self._own(position, event, "crash", text, event.number))

    def _exited(self, event: Exited, position: int) -> None:
        last, place = self._drafts.last, ("process", event.who)
        if (
            event.how == "interrupted"
            and last is not None
            and (last.kind, last.start) == ("interrupt", place)
        ):
            last.events.append(position)
            self._dead(event.who, last)
        else:
            kind: Kind = "exit" if event.how in ("returned", "interrupted") else "failed"
            self._dead(event.who, self._own(position, event, kind, words.exited(event)))

    def _dead(self, who: str, row: Draft) -> None:
        self._cause = None
        self._copies.lose(who)
        self.deaths[who] = row

    def _gave_up(self, event: GaveUp, position: int) -> None:
        after = f", after {event.restarts} restarts" if event.restarts else ""
        self._own(position, event, "failed", f"is not started again{after}")

    def _ended(self, event: Ended, position: int) -> None:
        row = Draft(event.at, None, "end", "the run ends: nothing is left to happen")
        if event.why == "effects":
            row.kind = "failed"
            row.text = f"stopped after {event.effects} effects: the run does not come to rest"
        self._drafts.add(position, row)

    # --- effects -----------------------------------------------------------------------

    def _requested(self, event: Requested, position: int) -> None:
        self._cause = self._requests[event.number] = event
        shown = calls.shown(event, self._answers.get(event.number))
        if shown is None:
            return
        kind, name, text = shown
        to: Place | None = None
        if name:
            to = ("ledger", name) if event.client in calls.LEDGERS else self._queue(name)
        row = Draft(event.at, ("process", event.who), kind, text, to, event.number)
        self._drafts.add(position, row)

    def _answered(self, event: Answered, position: int) -> None:
        self._cause = None
        request, number = self._requests.get(event.number), event.number
        if event.error:
            text = calls.refused(request, event.error, event.message)
            row = self._own(position, event, "error", text, number)
            if request is not None and request.client in calls.LEDGERS:
                row.to = "ledger", request.client
        elif request is None:
            return
        elif request.op == "receive":
            if isinstance(event.value, dict):
                self._taken(event, event.value, position)
            else:
                text = calls.waited(request.args.get("timeout"))
                self._own(position, event, "poll", text, number)
        elif event.did == "changed" and not (
            request.op in calls.SET_UP or number in self._drafts.done
        ):
            self._own(position, event, "call", words.plain(f"{request.op}()"), number)

    def _taken(self, event: Answered, delivery: dict[str, Value], position: int) -> None:
        push, number = self._copies.take(event.who, delivery), event.number
        if push is None:
            self._own(position, event, "take", "take a delivery", number)
            return
        row = self._handed[push.queue, push.message]
        if row is self._drafts.last and len(row.copies) == 1:
            row.number = number
            row.events.append(position)
            self._drafts.numbered(row)
        else:
            copy = self._copies.named(push.message)
            self._own(position, event, "take", "take", number).copies.append(copy)

    # --- queues ------------------------------------------------------------------------

    def _published(self, event: Published, position: int) -> None:
        scenario = event.who == "scenario"
        if scenario:
            self._cause = None
        start: Place = PRODUCER if scenario else ("process", event.who)
        text = f"publish {self._copies.published(event)}"
        if not event.queues:
            text += f", dropped: no queue for {words.routed(event.exchange, event.routing_key)}"
        queues: list[Place | None] = [self._queue(name) for name in event.queues]
        for to in queues or [None]:
            row = Draft(event.at, start, "publish", text, to, self._number(event.who))
            self._drafts.add(position, row)

    def _delivered(self, event: Delivered, position: int) -> None:
        marks = ["redelivered"] if event.redelivered else []
        if event.attempt > 2:
            marks.append(f"attempt {event.attempt}")
        got = self._verb() == "get"
        number = self._number(event.who) if got else None
        start: Place = self._queue(event.queue)
        to: Place = "process", event.who
        row = Draft(event.at, start, "deliver", "deliver", to, number)
        row = self._drafts.add(position, row, self._copies.named(event.message, *marks))
        self._handed[event.queue, event.message] = row
        if not got:
            self._copies.push(event)

    def _settled(self, event: Settled, position: int) -> None:
        handed = self._handed.get((event.queue, event.message))
        if event.how == "auto-acked" and handed is not None:
            handed.events.append(position)
            copy = next(copy for copy in handed.copies if copy.message == event.message)
            copy.marks.append("auto-acked")
            return
        verb, after = {"acked": "ack", "purged": "purge"}.get(event.how, event.how), ""
        if event.how == "dropped":
            verb, after = self._verb() or "reject", ": dropped"
        self._moved(position, event, "settle", verb, after, self._number(event.who))

    def _requeued(self, event: Requeued, position: int) -> None:
        verb = self._verb() or "nack"
        if event.why == "nacked" and verb in ("nack", "reject"):
            number = self._number(event.who)
            self._moved(position, event, "requeue", verb, ": requeued", number)
        else:
            why = "subscription ended" if event.why == "nacked" else event.why
            self._moved(position, event, "requeue", "requeue", f": {why}", None)

    def _moved(
        self,
        position: int,
        event: Settled | Requeued,
        kind: Kind,
        verb: str,
        after: str,
        number: int | None,
    ) -> None:
        self._copies.withdraw(event)
        to = self._queue(event.queue)
        row = Draft(event.at, ("process", event.who), kind, verb, to, number, after)
        self._drafts.add(position, row, self._copies.named(event.message))

    # --- ledgers -----------------------------------------------------------------------

    def _side_effect(self, event: SideEffect, position: int) -> None:
        detail = f", {words.detailed(event.detail)}" if event.detail else ""
        subject = words.plain(event.subject, words.MOST_OF_A_NAME)
        self._in_ledger(position, event, "effect", f"{event.kind} {subject}{detail}")

    def _deduplicated(self, event: Deduplicated, position: int) -> None:
        subject = words.plain(event.subject, words.MOST_OF_A_NAME)
        text = f"{event.kind} {subject} again: same key, nothing {words.done(event.kind)}"
        self._in_ledger(position, event, "dedup", text)

    def _committed(self, event: Committed, position: int) -> None:
        self._in_ledger(position, event, "commit", calls.written(event.writes))

    def _in_ledger(
        self, position: int, event: SideEffect | Deduplicated | Committed, kind: Kind, text: str
    ) -> None:
        kind_of_effect = "commit" if isinstance(event, Committed) else event.kind
        ledger = self._cause.client if self._cause is not None else words.ledger(kind_of_effect)
        number = self._number(event.who)
        row = Draft(event.at, ("process", event.who), kind, text, ("ledger", ledger), number)
        self._drafts.add(position, row)
