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

from graders import redis_calls
from graders import timeline_calls as calls
from graders import timeline_moves as moves
from graders import timeline_sqs as sqs
from graders import timeline_words as words
from graders.timeline_copies import Copies
from graders.timeline_draft import PRODUCER, Draft, Drafts, Kind, Place
from graders.timeline_faults import fault
from graders.timeline_log import LogRows
from minibroker.sim.trace import (
    Answered,
    BrokerRestarted,
    Committed,
    Compensated,
    Crashed,
    DeadLettered,
    Declined,
    Deduplicated,
    Delivered,
    Ended,
    Event,
    Exited,
    Faulted,
    GaveUp,
    GroupPlaced,
    Interrupted,
    NotAccepted,
    Published,
    Redriven,
    Requested,
    Requeued,
    Returned,
    SendIgnored,
    Settled,
    SideEffect,
    Started,
    Trace,
    VisibilityChanged,
    Voided,
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
        self._asked = 0  # where in the trace the cause stands
        self._asking: dict[str, Requested] = {}
        self._faulted: set[int] = set()
        self._handed: dict[tuple[str, int], Draft] = {}
        self._receiving: dict[str, int] = {}
        self._topics = sqs.topics(trace)
        self._not_accepted = {event.message for event in trace.of(NotAccepted)}
        self._log = LogRows(trace, self._drafts, self._copies, _place, self._number)
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

    @property
    def partitions(self) -> list[str]:
        """The lanes of partitions, in their order."""
        return self._log.partitions

    def _readers(self) -> dict[type[Event], Callable[[Any, int], None]]:
        return {
            Started: self._started,
            Requested: self._requested,
            Answered: self._answered,
            Interrupted: self._interrupted,
            Crashed: self._crashed,
            Faulted: self._fault,
            Exited: self._exited,
            GaveUp: self._gave_up,
            Ended: self._ended,
            Published: self._published,
            Delivered: self._delivered,
            Settled: self._settled,
            Requeued: self._requeued,
            DeadLettered: self._dead_lettered,
            GroupPlaced: self._placed,
            Returned: self._returned,
            NotAccepted: self._refused,
            SideEffect: self._side_effect,
            Declined: self._declined,
            Deduplicated: self._deduplicated,
            Committed: self._committed,
            BrokerRestarted: self._restarted,
            **self._log.readers,
            Compensated: self._compensated,
            Voided: self._voided,
            VisibilityChanged: self._hidden,
            SendIgnored: self._send_ignored,
            Redriven: self._redriven,
        }

    def _number(self, who: str) -> int | None:
        """The effect that is the cause of what happens now, if it is one of `who`."""
        return self._cause.number if self._cause is not None and self._caused(who) else None

    def _verb(self) -> str:
        """The operation that is the cause of what happens now; empty if there is none."""
        return self._cause.op.removeprefix("basic_") if self._cause is not None else ""

    def _caused(self, who: str) -> bool:
        """Whether `who` asked for what happens now."""
        return self._cause is not None and self._cause.who == who

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
            position, Draft(event.at, _place(event.who), kind, text, None, number)
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

    def _fault(self, event: Faulted, position: int) -> None:
        self._faulted.add(event.number)
        text = fault(event, self._requests.get(event.number))
        self._own(position, event, "fault", text, event.number)

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
        self._log.goes_on(who)
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
        self._cause, self._asked = event, position
        self._requests[event.number] = self._asking[event.who] = event
        self._receiving.pop(event.who, None)
        if event.client == "sqs" and event.op == "receive_message":
            self._receiving[event.who] = event.number
        self._log.does(event)
        answer = self._answers.get(event.number)
        if event.client == "kafka":
            self._log.asked(event, answer, position)
            return
        shown = calls.shown(event, answer)
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
        self._log.goes_on(event.who)
        request, number = self._requests.get(event.number), event.number
        done = self._drafts.done.get(number)
        if event.error and done is not None and done.kind == "decline":
            done.events.append(position)
        elif event.error:
            unknown = number in self._faulted or event.error.endswith("Timeout")
            became = "failed" if unknown else "refused"
            text = calls.refused(request, event.error, event.message, became)
            row = self._own(position, event, "error", text, number)
            if request is not None and request.client in calls.LEDGERS:
                row.to = "ledger", request.client
        elif request is None:
            return
        elif request.client == "kafka":
            self._log.answered(event, request, position)
        elif request.op == "receive":
            if isinstance(event.value, dict):
                self._taken(event, event.value, position)
            else:
                text = calls.waited(request.args.get("timeout"))
                self._own(position, event, "poll", text, number)
        elif event.did == "changed" and number not in self._drafts.done:
            if request.client == "redis":
                if not redis_calls.takes(request):
                    text = words.plain(redis_calls.called(request))
                    self._own(position, event, "call", text, number)
            elif request.op not in calls.SET_UP:
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

    def _restarted(self, event: BrokerRestarted, position: int) -> None:
        self._cause = None
        text = "the broker restarts: connections and what is not durable are gone"
        self._drafts.add(position, Draft(event.at, None, "cluster", text))

    def _published(self, event: Published, position: int) -> None:
        if event.who == "scenario":
            self._cause = None
        text = f"publish {self._copies.published(event)}"
        if event.exchange in self._topics:
            text += sqs.published(event)
        else:
            text += moves.unrouted(event, event.message in self._not_accepted)
        queues: list[Place | None] = [self._queue(name) for name in event.queues]
        for to in queues or [None]:
            row = Draft(event.at, _place(event.who), "publish", text, to, self._number(event.who))
            self._drafts.add(position, row)

    def _placed(self, event: GroupPlaced, position: int) -> None:
        waiting = f", {len(event.messages)} wait for it" if event.messages else ""
        text = f"group {words.plain(event.group, words.MOST_OF_A_NAME)}{waiting}"
        to, number = self._queue(event.queue), self._number(event.who)
        if event.who != "scenario":
            row = Draft(event.at, _place(event.who), "subscribe", text, to, number)
            self._drafts.add(position, row)

    def _returned(self, event: Returned, position: int) -> None:
        after = f" to its publisher: {words.plain(event.text, words.MOST_OF_A_NAME)}"
        start, number = _place(event.who), self._number(event.who)
        row = Draft(event.at, start, "return", "return", None, number, after)
        self._drafts.add(position, row, self._copies.named(event.message))

    def _refused(self, event: NotAccepted, position: int) -> None:
        start, to = self._queue(event.queue), _place(event.who)
        number, after = self._number(event.who), moves.full(event.queue)
        row = Draft(event.at, start, "not accepted", "", to, number, after)
        self._drafts.add(position, row, self._copies.named(event.message))

    def _delivered(self, event: Delivered, position: int) -> None:
        marks = ["redelivered"] if event.redelivered else []
        if event.attempt > 2:
            marks.append(f"attempt {event.attempt}")
        got = (
            event.who in self._receiving
            or self._verb() == "get"
            or (self._cause is not None and self._cause.client == "redis")
        )
        number = self._number(event.who) if got else None
        number = self._receiving.get(event.who, number)
        asking = self._asking.get(event.who)
        if not got and redis_calls.takes(asking) and asking is not None:
            got, number = True, asking.number  # it was blocked until now
        start: Place = self._queue(event.queue)
        to = _place(event.who)
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
        if event.how == "undeliverable":
            self._said_no(event.queue, event.message)
        verb, after = moves.settled(event, self._verb())
        self._moved(position, event, "settle", verb, after, self._number(event.who))

    def _requeued(self, event: Requeued, position: int) -> None:
        verb = self._verb()
        if why := moves.requeued(event, verb or "nack"):
            self._moved(position, event, "requeue", "requeue", f": {why}", None)
        else:
            number = self._number(event.who)
            self._moved(position, event, "requeue", verb or "nack", ": requeued", number)

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
        start, to = _place(event.who), self._queue(event.queue)
        by_itself = isinstance(event, Settled) and event.how in BY_ITSELF
        if start is None or (by_itself and not self._caused(event.who)):
            row = Draft(event.at, to, kind, verb, None, None, after)
        else:
            row = Draft(event.at, start, kind, verb, to, number, after)
        self._drafts.add(position, row, self._copies.named(event.message))

    def _dead_lettered(self, event: DeadLettered, position: int) -> None:
        self._copies.withdraw(event)
        start, name = self._queue(event.queue), self._copies.named(event.message)
        if self._caused(event.who) or event.reason == "delivery_limit":
            self._said_no(event.queue, event.message)
        queues: list[Place | None] = [self._queue(queue) for queue in event.queues]
        for to in queues or [None]:
            onward = to if to != start else None
            row = Draft(event.at, start, "dead letter", "dead-letter", onward)
            row.after = moves.dead(event)
            self._drafts.add(position, row, name)

    def _said_no(self, queue: str, message: int) -> None:
        """The call that refused a copy has its own row, or nobody would see who said no."""
        cause, verb = self._cause, self._verb()
        if cause is not None and verb in moves.REFUSALS:
            place, number = _place(cause.who), cause.number
            call = Draft(cause.at, place, "settle", verb, self._queue(queue), number)
            self._drafts.add(self._asked, call, self._copies.named(message))

    # --- SQS ---------------------------------------------------------------------------

    def _hidden(self, event: VisibilityChanged, position: int) -> None:
        text, after = "hide", sqs.hidden(event.until, event.at)
        start, to = _place(event.who), self._queue(event.queue)
        row = Draft(event.at, start, "call", text, to, self._number(event.who), after)
        self._drafts.add(position, row, self._copies.named(event.message))

    def _send_ignored(self, event: SendIgnored, position: int) -> None:
        start, to, after = _place(event.who), self._queue(event.queue), ": same deduplication id"
        row = Draft(event.at, start, "ignored", "send", to, self._number(event.who), after)
        self._drafts.add(position, row, self._copies.named(event.message, "ignored"))

    def _redriven(self, event: Redriven, position: int) -> None:
        start, to = self._queue(event.queue), self._queue(event.to)
        row = Draft(event.at, start, "requeue", "redrive", to)
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

    def _declined(self, event: Declined, position: int) -> None:
        subject = words.plain(event.subject, words.MOST_OF_A_NAME)
        error = words.plain(event.error, words.MOST_OF_A_NAME)
        self._in_ledger(position, event, "decline", f"{event.kind} {subject} not made: {error}")

    def _compensated(self, event: Compensated, position: int) -> None:
        subject = words.plain(event.subject, words.MOST_OF_A_NAME)
        text = f"{event.by} {subject}: its {event.kind} is undone"
        self._in_ledger(position, event, "effect", text)

    def _voided(self, event: Voided, position: int) -> None:
        subject = words.plain(event.subject, words.MOST_OF_A_NAME)
        text = f"no {event.kind} of {subject} to undo: its key is void now"
        self._in_ledger(position, event, "dedup", text)

    def _committed(self, event: Committed, position: int) -> None:
        self._in_ledger(position, event, "commit", calls.written(event.writes))

    def _in_ledger(
        self,
        position: int,
        event: SideEffect | Deduplicated | Declined | Committed | Compensated | Voided,
        kind: Kind,
        text: str,
    ) -> None:
        kind_of_effect = "commit" if isinstance(event, Committed) else event.kind
        ledger = self._cause.client if self._cause is not None else words.ledger(kind_of_effect)
        number = self._number(event.who)
        row = Draft(event.at, _place(event.who), kind, text, ("ledger", ledger), number)
        self._drafts.add(position, row)


BY_ITSELF = frozenset({"expired", "overflowed", "undeliverable"})
"""Ways in which the broker drops a copy without being asked to."""


def _place(who: str) -> Place | None:
    """Where somebody stands; the broker stands where its queues do."""
    if who == "broker":
        return None
    return PRODUCER if who == "scenario" else ("process", who)
