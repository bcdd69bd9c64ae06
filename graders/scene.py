"""How things stand at one moment of a run: a fold over the trace, in plain values.

A `Scene` is told one event after the other and says at any time what a person would like to look
into: each queue (what is ready, what is unacked and by whom, what has left it and how), each
process, and what has happened outside, beside what was owed.

Ready copies are listed as they came; a requeued one stands at its old place (RabbitMQ, "Consumer
Acknowledgements", Negative Acknowledgement and Requeuing). Priorities are not looked at.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graders import redis_calls
from graders import timeline_calls as calls
from graders import timeline_moves as moves
from graders import timeline_words as words
from graders.judges.debts import DEAD_LETTER, RECORD, ROW
from graders.kafka_calls import called, takes
from graders.scene_log import LogScene
from graders.timeline_copies import Copies
from minibroker.sim.trace import (
    Answered,
    Committed,
    Compensated,
    Crashed,
    DeadLettered,
    Declined,
    Delivered,
    Event,
    Exited,
    Faulted,
    GaveUp,
    GroupPlaced,
    Interrupted,
    Owed,
    Published,
    Requested,
    Requeued,
    Settled,
    SideEffect,
    Started,
    Trace,
)
from minibroker.sim.values import Value

MOST = 12
"""Copies of a list that are named; the rest is counted."""

MOST_GONE = 4
"""The same for those that have left, of which the last ones matter."""


@dataclass(slots=True)
class _Copy:
    message: int
    place: int
    holder: str = ""
    handed: int = 0
    dead: bool = False


@dataclass(slots=True)
class _Queue:
    copies: dict[int, _Copy] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Process:
    label: str
    state: str
    words: str
    number: int = 0


@dataclass(slots=True)
class _Outside:
    text: str
    owed: int | None
    done: int = 0
    declined: int = 0
    undone: int = 0


class Scene:
    """What there is after the events so far."""

    def __init__(self, trace: Trace) -> None:
        self._names = Copies(trace)
        self._queues: dict[str, _Queue] = {}
        self._processes: dict[str, _Process] = {}
        self._outside: dict[tuple[str, str], _Outside] = {}
        self._places = 0
        self._log = LogScene(self._names)
        self._readers: dict[type[Event], Callable[[Any], None]] = {
            Started: self._started,
            Requested: self._requested,
            Answered: self._answered,
            Interrupted: self._interrupted,
            Crashed: self._crashed,
            Faulted: self._faulted,
            Exited: self._exited,
            GaveUp: self._gave_up,
            Published: self._published,
            Delivered: self._delivered,
            Settled: self._settled,
            Requeued: self._requeued,
            DeadLettered: self._dead_lettered,
            GroupPlaced: self._placed,
            Owed: self._owed,
            SideEffect: self._side_effect,
            Declined: self._declined,
            Committed: self._committed,
            **self._log.readers,
            Compensated: self._compensated,
        }

    def tell(self, event: Event) -> None:
        """Something more has happened."""
        if (reader := self._readers.get(type(event))) is not None:
            reader(event)

    @property
    def shown(self) -> dict[str, Value]:
        """All of it in plain values::

            {"queues": [{"name", "ready": [text], "unacked": [text], "gone": [text]}],
             "processes": [{"name", "state", "words"}],
             "outside": [{"name", "words", "wrong"}]}

        and ``"partitions"`` as in `graders.scene_log`, when there is any.
        A process's `state` is ``runs``, ``waits``, ``paused``, ``crashed``, ``ended`` or
        ``failed``. `wrong` says that something happened more often than it was owed.
        """
        logs: dict[str, Value] = {"partitions": shown} if (shown := self._log.shown) else {}
        return logs | {
            "queues": [self._queue_shown(name) for name in self._queues],
            "processes": [
                {"name": each.label, "state": each.state, "words": each.words}
                for each in self._processes.values()
            ],
            "outside": [_outside_shown(each) for each in self._outside.values()],
        }

    # --- queues ------------------------------------------------------------------------

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    def _put(self, queue: str, message: int, dead: bool = False) -> _Copy:
        self._places += 1
        copy = self._queue(queue).copies[message] = _Copy(message, self._places, dead=dead)
        return copy

    def _copy(self, queue: str, message: int) -> _Copy:
        return self._queue(queue).copies.get(message) or self._put(queue, message)

    def _published(self, event: Published) -> None:
        for queue in event.queues:
            self._put(queue, event.message)

    def _delivered(self, event: Delivered) -> None:
        copy = self._copy(event.queue, event.message)
        copy.holder, copy.handed = event.who, event.attempt

    def _requeued(self, event: Requeued) -> None:
        self._copy(event.queue, event.message).holder = ""

    def _settled(self, event: Settled) -> None:
        how = event.how if event.how in ("acked", "auto-acked", "purged") else ""
        self._leave(event.queue, event.message, how or moves.GONE.get(event.how, event.how))

    def _dead_lettered(self, event: DeadLettered) -> None:
        why = moves.DEAD.get(event.reason, event.reason)
        to = words.listed([words.plain(queue, words.MOST_OF_A_NAME) for queue in event.queues])
        self._leave(event.queue, event.message, f"{why}, {f'now in {to}' if to else 'dropped'}")
        for queue in event.queues:
            self._put(queue, event.message, dead=True)

    def _placed(self, event: GroupPlaced) -> None:
        for message in cast("list[int]", event.messages):
            if event.stream in self._queues:
                self._queues[event.stream].copies.pop(message, None)
            self._put(event.queue, message)
        self._queue(event.queue)

    def _leave(self, queue: str, message: int, how: str) -> None:
        source = self._queue(queue)
        source.copies.pop(message, None)
        source.gone.append(f"{self._names.named(message)}: {words.plain(how)}")

    def _queue_shown(self, name: str) -> dict[str, Value]:
        queue = self._queues[name]
        copies = sorted(queue.copies.values(), key=lambda copy: copy.place)
        return {
            "name": words.plain(name, words.MOST_OF_A_NAME),
            "ready": _some([self._named(copy) for copy in copies if not copy.holder]),
            "unacked": _some([self._named(copy) for copy in copies if copy.holder]),
            "gone": _last(queue.gone),
        }

    def _named(self, copy: _Copy) -> str:
        marks = ["dead letter"] if copy.dead else []
        if copy.handed > 1 or (copy.handed and not copy.holder):
            marks.append(f"handed out {times(copy.handed)}")
        name = str(self._names.named(copy.message, *marks))
        return f"{name}, held by {copy.holder}" if copy.holder else name

    # --- processes ---------------------------------------------------------------------

    def _started(self, event: Started) -> None:
        self._became(event.who, "runs", "has just started, its memory is empty")

    def _requested(self, event: Requested) -> None:
        self._became(event.who, "waits", _waiting(event), event.number)

    def _answered(self, event: Answered) -> None:
        self._became(event.who, "runs", "runs")

    def _faulted(self, event: Faulted) -> None:
        process = self._processes.get(event.who.rpartition("#")[0])
        if event.kind == "pause" and process is not None and process.number == event.number:
            self._became(event.who, "paused", "is paused and knows nothing of it", event.number)

    def _interrupted(self, event: Interrupted) -> None:
        self._became(event.who, "runs", "was interrupted: nothing is left to do")

    def _crashed(self, event: Crashed) -> None:
        self._became(event.who, "crashed", "has crashed, its memory is gone")
        self._log.gone(event)

    def _exited(self, event: Exited) -> None:
        well = event.how in ("returned", "interrupted")
        self._became(event.who, "ended" if well else "failed", words.exited(event))
        self._log.gone(event)

    def _gave_up(self, event: GaveUp) -> None:
        self._became(event.who, "failed", "is not started again")

    def _became(self, who: str, state: str, said: str, number: int = 0) -> None:
        self._processes[who.rpartition("#")[0]] = _Process(who, state, said, number)

    # --- outside -----------------------------------------------------------------------

    def _owed(self, event: Owed) -> None:
        if event.kind == DEAD_LETTER or event.kind.startswith((RECORD, ROW)):
            return  # paid where it is seen
        self._entry(event.kind, event.subject, event.detail).owed = 1

    def _side_effect(self, event: SideEffect) -> None:
        self._entry(event.kind, event.subject, event.detail).done += 1

    def _declined(self, event: Declined) -> None:
        self._entry(event.kind, event.subject, {}).declined += 1

    def _entry(self, kind: str, subject: str, detail: dict[str, Value]) -> _Outside:
        entry = self._outside.get((kind, subject))
        if entry is None:
            text = f"{kind} {words.plain(subject, words.MOST_OF_A_NAME)}"
            text += f", {words.detailed(detail)}" if detail else ""
            entry = self._outside[kind, subject] = _Outside(text, 0)
        return entry

    def _compensated(self, event: Compensated) -> None:
        self._entry(event.kind, event.subject, {}).undone += 1

    def _committed(self, event: Committed) -> None:
        text = calls.written(event.writes)
        self._outside.setdefault(("commit", text), _Outside(text, None)).done += 1


def times(count: int) -> str:
    """How often, in a word where there is one."""
    return {0: "not yet", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _outside_shown(entry: _Outside) -> dict[str, Value]:
    said = times(entry.done)
    wrong = entry.owed is not None and entry.done > entry.owed
    if entry.undone:
        said += f", undone {times(entry.undone)}"
    if wrong:
        said += ", owed once" if entry.owed else ", and nobody owed it"
    elif entry.declined:
        said += f", turned down {times(entry.declined)}"
    return {"name": entry.text, "words": said, "wrong": wrong}


def _waiting(request: Requested) -> str:
    if request.client == "kafka":
        if takes(request):
            return "waits for a record"
        return f"waits for the answer to {called(request)}"
    if request.client == "redis":
        return f"waits for the answer to {words.plain(redis_calls.called(request), 60)}"
    match request.op:
        case "receive" | "receive_message":
            return "waits for a message"
        case "sleep":
            return f"sleeps {calls.seconds(request.args.get('seconds'))}"
    return f"waits for the answer to {words.plain(request.op, words.MOST_OF_A_NAME)}()"


def _some(names: Sequence[str]) -> list[Value]:
    """The first ones, and how many more there are."""
    return [*names[:MOST], *([f"and {len(names) - MOST} more"] if len(names) > MOST else [])]


def _last(said: Sequence[str]) -> list[Value]:
    """The last ones, after how many there were before them; what is alike is said once."""
    joined = [
        f"{each} ({count} times)" if count > 1 else each for each, count in Counter(said).items()
    ]
    before = len(joined) - MOST_GONE
    return [*([f"{before} before them"] if before > 0 else []), *joined[-MOST_GONE:]]
