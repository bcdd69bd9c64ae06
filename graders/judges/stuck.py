"""Stuck: the run has come to its end, or will not come to one, and work is left.

Its shapes, told apart in the sentence:

- A message was handed out and never settled: the worker holds it for ever.
- A message waits in a queue and nobody takes it. (Dead letters may, where the retry policy says.)
- A group that reads a topic has not committed an offset past a record: it was never handed out, or
  it would be handed out once more.
- A transaction is open: it hides all that comes after it from ``read_committed`` readers.
- The run spent its budget of effects: something goes round and round, such as a message that
  is requeued and redelivered without end (a poison loop).

Example: the worker charges order-1 and never acks it::

    Published(message=1, queues=["orders"])  Delivered(message=1)  Ended(why="quiet")

Or it charges what it polls, and never commits::

    Appended(message=1, topic="orders", offset=0)  Polled(message=1, group="billing")
    SideEffect(kind="charge", subject="order-1")  Ended(why="quiet")

A message that was settled and not worked on is not stuck; see `lost_message`.
"""

from collections import Counter
from collections.abc import Mapping

from graders.judges import Finding
from graders.judges.copies import handed_out, is_gone, last_of_each_copy
from graders.judges.debts import subjects
from graders.judges.left_behind import left_behind
from graders.judges.records import log
from minibroker.sim.trace import (
    Crashed,
    Delivered,
    Ended,
    Event,
    Exited,
    GaveUp,
    Interrupted,
    Polled,
    Requeued,
    RetryPolicy,
    Trace,
)


def find(trace: Trace) -> list[Finding]:
    """One finding for a run that does not end, else one for each copy that is left, each partition
    of which a group has left records behind, and each open transaction."""
    names, records = subjects(trace), log(trace).records
    rest = {policy.dead_letters for policy in trace.of(RetryPolicy)}
    left = {
        copy: end
        for copy, end in last_of_each_copy(trace).items()
        if not is_gone(copy, end[1]) and copy[0] not in rest and copy[1] not in records
    }
    ended = trace.events[-1] if trace.events else None
    if isinstance(ended, Ended) and ended.why == "effects":
        return [_endless(trace, ended, names)]
    queued = [
        Finding(
            "stuck",
            _sentence(trace, queue, names.get(message, f"message {message}"), event, position),
            (position,),
        )
        for (queue, message), (position, event) in left.items()
    ]
    return queued + left_behind(trace, rest, _because(trace))


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever taken."""
    if handed_out(trace):
        return ""
    return "no message was ever taken, so none could get stuck"


def _endless(trace: Trace, ended: Ended, names: Mapping[int, str]) -> Finding:
    sentence = f"the run did not come to rest within {ended.effects} effects"
    deliveries = Counter(event.message for event in handed_out(trace))
    positions: tuple[int, ...] = ()
    if deliveries:
        message, times = deliveries.most_common(1)[0]
        if times > 2:
            name = names.get(message, f"message {message}")
            sentence += f"; {name} was handed out {times} times"
            positions = tuple(
                position
                for position, event in enumerate(trace)
                if isinstance(event, Delivered | Polled) and event.message == message
            )[:3]
    return Finding("stuck", sentence, positions)


def _sentence(trace: Trace, queue: str, name: str, event: Event, position: int) -> str:
    if isinstance(event, Delivered) and event.who == "scenario":
        return f"{name} was handed to a worker that is gone, and nobody has taken it over"
    if isinstance(event, Delivered):
        return f"{name} was handed to {event.who} and never settled: neither acked nor rejected"
    if isinstance(event, Requeued) and _held_to_the_end(trace, position, event.who):
        return (
            f"{name} was handed to {event.who}, which held it until the end and never settled "
            "it: neither acked nor rejected"
        )
    return f"{name} waits in {queue} and nobody takes it{_because(trace)}"


def _held_to_the_end(trace: Trace, position: int, who: str) -> bool:
    """Whether `who` gave a copy back only because it was stopped when all was over."""
    before = next(
        (
            event
            for event in reversed(trace.events[:position])
            if isinstance(event, Interrupted | Exited | Crashed) and event.who == who
        ),
        None,
    )
    return isinstance(before, Interrupted) or (
        isinstance(before, Exited) and before.how in ("interrupted", "would not stop")
    )


def _because(trace: Trace) -> str:
    """What became of the last process, when that explains it."""
    for event in reversed(trace.events):
        if isinstance(event, GaveUp):
            return f", since {event.who} failed and was not started again"
        if isinstance(event, Exited):
            return f", since {event.who} had returned" if event.how == "returned" else ""
    return ""
