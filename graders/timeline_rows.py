"""A trace read into rows: one for each thing that a learner must see, in order.

Theory of operation. What an effect does in the world stands in the trace right after its
`Requested`, so the last request is the cause of what follows, until somebody is answered,
crashes, starts or ends, or the scenario speaks. What the broker does by itself (a push, a
requeue after a lost connection) has no effect number.

Rows are joined only where nothing is hidden by it: several copies that move together; a push
and the `receive` that takes it when nothing happened between them; a poll, a sleep or a read
that was repeated while nothing else happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from graders import timeline_words as words
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

Kind: TypeAlias = Literal[
    "publish", "deliver", "take", "settle", "requeue", "subscribe",
    "effect", "dedup", "commit", "read", "poll", "sleep", "call",
    "error", "crash", "start", "exit", "interrupt", "end", "cut",
]  # fmt: skip

PRODUCER = "producer"
"""What the scenario plays."""

QUIET = frozenset({"read", "poll", "sleep"})
"""Rows that change nothing, so repeating them may be told by a number."""

SET_UP = frozenset(
    {"connect", "channel_open", "basic_qos", "queue_declare", "exchange_declare", "queue_bind"}
)
"""Calls that no row is made for."""

CALLS = {
    "basic_cancel": "end the subscription",
    "channel_close": "close the channel",
    "connection_close": "close the connection",
}
LEDGERS = {"charge": "payments"}


@dataclass(slots=True)
class Copy:
    """A message in a row, and what is said of it there."""

    message: int
    name: str
    marks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.marks)})" if self.marks else self.name


@dataclass(slots=True)
class Draft:
    """A row that may still grow. `lane` is where it begins, `to` where its arrow ends, empty
    for what a process does by itself; `copies` stand between `text` and `after`."""

    at: int
    lane: str
    kind: Kind
    text: str
    to: str = ""
    number: int | None = None
    copies: list[Copy] = field(default_factory=list)
    after: str = ""
    times: int = 1
    events: list[int] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The row's text as it stands now."""
        copies = words.listed([str(copy) for copy in self.copies])
        text = f"{self.text} {copies}{self.after}" if copies else self.text
        return f"{text} ({self.times} times)" if self.times > 1 else text


class Reading:
    """All rows of a trace, and from which to which row each incarnation lived (with how it
    ended; an incarnation that never ended has no entry in `deaths`)."""

    def __init__(self, trace: Trace) -> None:
        self.rows: list[Draft] = []
        self.incarnations: list[str] = []
        self.queues: list[str] = []
        self.births: dict[str, Draft] = {}
        self.deaths: dict[str, Draft] = {}
        self._subjects = words.subjects(trace)
        self._bodies = {event.message: event.body for event in trace.of(Published)}
        self._answers = {event.number: event for event in trace.of(Answered)}
        self._requests: dict[int, Requested] = {}
        self._cause: Requested | None = None
        self._done: dict[int, Draft] = {}  # the first row of an effect
        self._pushed: dict[str, list[tuple[Delivered, Draft]]] = {}  # and not yet taken
        self._handed: dict[tuple[str, int], Draft] = {}
        self._quiet: dict[tuple[str, str, str], Draft] = {}
        read = self._readers()
        for position, event in enumerate(trace):
            reader = read.get(type(event))
            if reader is not None:
                reader(event, position)

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

    # --- making rows -------------------------------------------------------------------

    def _add(self, position: int, row: Draft) -> Draft:
        row.events.append(position)
        if row.kind in QUIET:
            key = row.lane, row.to, row.text
            if (same := self._quiet.get(key)) is not None:
                same.times += 1
                same.events.append(position)
                return same
            self._quiet[key] = row
        else:
            self._quiet.clear()
        self.rows.append(row)
        if row.number is not None:
            self._done.setdefault(row.number, row)
        return row

    def _with(self, position: int, row: Draft, copy: Copy) -> Draft:
        """Add a row about a copy, or add the copy to the last row if that says the same."""
        last = self.rows[-1] if self.rows else None
        if last is not None and _alike(last, row):
            last.events.append(position)
        else:
            last = self._add(position, row)
        last.copies.append(copy)
        return last

    def _copy(self, message: int, *marks: str) -> Copy:
        subject, again = self._subjects.get(message, (f"message {message}", False))
        return Copy(message, subject, [f"message {message}", *marks] if again else [*marks])

    def _number(self, who: str) -> int | None:
        """The effect that is the cause of what happens now, if it is one of `who`."""
        return self._cause.number if self._cause is not None and self._cause.who == who else None

    def _op(self) -> str:
        return self._cause.op if self._cause is not None else ""

    def _ledger(self, kind: str) -> str:
        return self._cause.client if self._cause is not None else LEDGERS.get(kind, kind)

    def _at_queue(self, name: str) -> str:
        shown = words.plain(name, 60)
        if shown not in self.queues:
            self.queues.append(shown)
        return shown

    # --- processes ---------------------------------------------------------------------

    def _started(self, event: Started, position: int) -> None:
        self._cause = None
        self.incarnations.append(event.who)
        if event.who.rpartition("#")[2] not in ("", "1"):
            row = Draft(event.at, event.who, "start", "starts again, memory empty")
            self.births[event.who] = self._add(position, row)

    def _interrupted(self, event: Interrupted, position: int) -> None:
        self._cause = None
        self._add(
            position,
            Draft(event.at, event.who, "interrupt", "nothing left to do: interrupted",
                  number=event.number),
        )  # fmt: skip

    def _crashed(self, event: Crashed, position: int) -> None:
        request = self._requests.get(event.number)
        done = self._done.get(event.number)
        about = words.listed([str(copy) for copy in done.copies]) if done is not None else ""
        made = ""
        if done is not None and done.kind == "effect":
            made = done.text.partition(" ")[0]
        elif request is not None and request.op == "receive" and self._pushed.get(event.who):
            taken, _ = self._pushed[event.who][0]
            about = str(self._copy(taken.message))
        text = words.crash(request, made, about)
        row = Draft(event.at, event.who, "crash", text, number=event.number)
        self._dead(event.who, self._add(position, row))

    def _exited(self, event: Exited, position: int) -> None:
        last = self.rows[-1] if self.rows else None
        if (
            event.how == "interrupted"
            and last is not None
            and (last.kind, last.lane) == ("interrupt", event.who)
        ):
            last.events.append(position)
            self._dead(event.who, last)
            return
        row = Draft(event.at, event.who, "exit", words.exited(event))
        self._dead(event.who, self._add(position, row))

    def _dead(self, who: str, row: Draft) -> None:
        self._cause = None
        self._pushed.pop(who, None)
        self.deaths[who] = row

    def _gave_up(self, event: GaveUp, position: int) -> None:
        after = f", after {event.restarts} restarts" if event.restarts else ""
        self._add(position, Draft(event.at, event.who, "exit", f"is not started again{after}"))

    def _ended(self, event: Ended, position: int) -> None:
        text = "the run ends: nothing is left to happen"
        if event.why == "effects":
            text = f"stopped after {event.effects} effects: the run does not come to rest"
        self._add(position, Draft(event.at, "", "end", text))

    # --- effects -----------------------------------------------------------------------

    def _requested(self, event: Requested, position: int) -> None:
        self._cause = self._requests[event.number] = event
        answer = self._answers.get(event.number)
        args, to, kind = event.args, "", None
        match event.client, event.op:
            case "amqp", "basic_consume" if answer is None or not answer.error:
                kind, to = "subscribe", self._at_queue(str(args.get("queue")))
                text = "subscribe, auto-ack" if args.get("auto_ack") else "subscribe"
            case "amqp", "basic_get" if answer is not None and answer.did == "idle":
                kind, to = "poll", self._at_queue(str(args.get("queue")))
                text = "poll: nothing there"
            case "amqp", op if op in CALLS and (answer is None or not answer.error):
                kind, text = "call", CALLS[op]
            case "clock", "sleep" if answer is None or not answer.error:
                kind, text = "sleep", f"sleep {words.seconds(args.get('seconds'))}"
            case ("database" | "payments"), ("get" | "keys" | "charges") if (
                answer is not None and not answer.error
            ):
                kind, to, text = "read", event.client, words.read(event, answer.value)
        if kind is not None:
            self._add(position, Draft(event.at, event.who, kind, text, to, event.number))

    def _answered(self, event: Answered, position: int) -> None:
        self._cause = None
        request = self._requests.get(event.number)
        if event.error:
            text = words.refused(request, event.error, event.message)
            to = request.client if request and request.client in ("payments", "database") else ""
            self._add(position, Draft(event.at, event.who, "error", text, to, event.number))
        elif request is None:
            return
        elif request.op == "receive":
            if isinstance(event.value, dict):
                self._taken(event, event.value, position)
            else:
                text = words.waited(request.args.get("timeout"))
                self._add(position, Draft(event.at, event.who, "poll", text, "", event.number))
        elif event.did == "changed" and not (event.number in self._done or request.op in SET_UP):
            text = words.plain(f"{request.op}()")
            self._add(position, Draft(event.at, event.who, "call", text, "", event.number))

    def _taken(self, event: Answered, delivery: dict[str, Any], position: int) -> None:
        """A `receive` took the first push that it can have been."""
        pushed = self._pushed.get(event.who, [])
        for index, (push, row) in enumerate(pushed):
            body = self._bodies.get(push.message, delivery["body"])
            if push.tag == delivery["delivery_tag"] and body == delivery["body"]:
                break
        else:
            text = "take a delivery"
            self._add(position, Draft(event.at, event.who, "take", text, "", event.number))
            return
        del pushed[index]
        if row is self.rows[-1] and len(row.copies) == 1:
            row.number = event.number
            row.events.append(position)
            self._done.setdefault(event.number, row)
            return
        draft = Draft(event.at, event.who, "take", "take", "", event.number)
        self._with(position, draft, self._copy(push.message))

    # --- queues ------------------------------------------------------------------------

    def _published(self, event: Published, position: int) -> None:
        if event.who == "scenario":
            self._cause = None
        number = self._number(event.who)
        lane = PRODUCER if event.who == "scenario" else event.who
        subject, again = self._subjects.get(event.message, ("", False))
        if again:
            text = f"publish {subject} again (message {event.message})"
        elif subject:
            text = f"publish {subject}"
        else:
            text = f"publish message {event.message}: {words.body(event.body)}"
        for name in event.queues:
            queue = self._at_queue(name)
            self._add(position, Draft(event.at, lane, "publish", text, queue, number))
        if not event.queues:
            text += ", reaches no queue and is dropped"
            self._add(position, Draft(event.at, lane, "publish", text, "", number))

    def _delivered(self, event: Delivered, position: int) -> None:
        marks = ["redelivered"] if event.redelivered else []
        if event.attempt > 2:
            marks.append(f"attempt {event.attempt}")
        got = self._op() == "basic_get"
        number = self._number(event.who) if got else None
        queue = self._at_queue(event.queue)
        row = Draft(event.at, queue, "deliver", "deliver", event.who, number)
        row = self._with(position, row, self._copy(event.message, *marks))
        self._handed[event.queue, event.message] = row
        if not got:
            self._pushed.setdefault(event.who, []).append((event, row))

    def _settled(self, event: Settled, position: int) -> None:
        handed = self._handed.get((event.queue, event.message))
        if event.how == "auto-acked" and handed is not None:
            handed.events.append(position)
            next(c for c in handed.copies if c.message == event.message).marks.append("auto-acked")
            return
        self._unpushed(event)
        verb, after = "ack", ""
        if event.how == "dropped":
            verb, after = (self._op().removeprefix("basic_") or "reject"), ": dropped"
        elif event.how != "acked":
            verb = {"purged": "purge"}.get(event.how, event.how)
        self._moved(event, position, "settle", verb, after)

    def _requeued(self, event: Requeued, position: int) -> None:
        self._unpushed(event)
        verb = self._op().removeprefix("basic_")
        if event.why == "nacked" and verb in ("nack", "reject", ""):
            self._moved(event, position, "requeue", verb or "nack", ": requeued")
            return
        why = "subscription ended" if event.why == "nacked" else event.why
        self._moved(event, position, "requeue", "requeue", f": {why}")

    def _moved(
        self, event: Settled | Requeued, position: int, kind: Kind, verb: str, after: str
    ) -> None:
        own = verb != "requeue"  # what the broker does by itself is nobody's effect
        number = self._number(event.who) if own else None
        queue = self._at_queue(event.queue)
        row = Draft(event.at, event.who, kind, verb, queue, number, after=after)
        self._with(position, row, self._copy(event.message))

    def _unpushed(self, event: Settled | Requeued) -> None:
        """A copy is no longer on its way to the process it was pushed to."""
        if pushed := self._pushed.get(event.who):
            copy = event.queue, event.message
            pushed[:] = [one for one in pushed if (one[0].queue, one[0].message) != copy]

    # --- ledgers -----------------------------------------------------------------------

    def _side_effect(self, event: SideEffect, position: int) -> None:
        detail = f", {words.detailed(event.detail)}" if event.detail else ""
        text = f"{event.kind} {words.plain(event.subject, 60)}{detail}"
        self._in_ledger(event.at, event.who, "effect", text, self._ledger(event.kind), position)

    def _deduplicated(self, event: Deduplicated, position: int) -> None:
        subject = words.plain(event.subject, 60)
        text = f"{event.kind} {subject} again: same key, nothing {words.done(event.kind)}"
        self._in_ledger(event.at, event.who, "dedup", text, self._ledger(event.kind), position)

    def _committed(self, event: Committed, position: int) -> None:
        text = words.written(event.writes)
        self._in_ledger(event.at, event.who, "commit", text, "database", position)

    def _in_ledger(
        self, at: int, who: str, kind: Kind, text: str, ledger: str, position: int
    ) -> None:
        self._add(position, Draft(at, who, kind, text, ledger, self._number(who)))


def _alike(one: Draft, other: Draft) -> bool:
    """Whether two rows about copies say the same of them at the same moment."""
    return (
        bool(one.copies)
        and (one.at, one.lane, one.to, one.kind) == (other.at, other.lane, other.to, other.kind)
        and (one.text, one.after, one.number) == (other.text, other.after, other.number)
    )
