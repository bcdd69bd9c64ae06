"""Reordered: work was done in another order than it came.

Two promises are looked at. Records under one key of a topic stand in one partition, in order
(Kafka documentation, "Main Concepts and Terminology"), and what they owe is to be done in that
order. And where the scenario says that what it owes is to be done in an order of its own, it must
be, however it came to a topic.

Example: order-1's charge fails, the worker puts it aside and goes on, and charges it later, though
order-2 is of the same customer::

    Appended(message=1, offset=0, key=b"ada")  Appended(message=2, offset=1, key=b"ada")
    Declined(subject="order-1")  SideEffect(kind="charge", subject="order-2")
    SideEffect(kind="charge", subject="order-1")

Of each thing that is owed only the first time counts. A redelivery does what was done once more:
that is a duplicate, or, under an idempotency key, nothing; it puts nothing out of order. Effects of
different kinds for different subjects have no order: an e-mail for order-1 may come after the
charge for order-2. What was never done is lost, not late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graders.judges import Finding
from graders.judges.debts import Subject, debts
from graders.judges.records import Partition, log, place
from minibroker.sim.trace import InOrder, Trace


@dataclass(frozen=True, slots=True)
class _Order:
    """What is owed, with its rank: what has a lower one is to be done before it. `why` completes a
    sentence."""

    owed: Sequence[tuple[int, Subject]]
    why: str


def find(trace: Trace) -> list[Finding]:
    """Everything that was first done after something that was to be done later."""
    first = _first(trace)
    findings: dict[tuple[int, int], Finding] = {}
    for order in _orders(trace):
        for overtaken, overtaking in _pairs(order, first):
            late, early = first[overtaken], first[overtaking]
            if early < late and not any(late == known[1] for known in findings):
                kind, subject = overtaken
                sentence = (
                    f"the {kind} for {subject} was made after the {overtaking[0]} for "
                    f"{overtaking[1]}, {order.why}"
                )
                findings[early, late] = Finding("reordered", sentence, (early, late))
    return [findings[each] for each in sorted(findings, key=lambda pair: pair[1])]


def unshown(trace: Trace) -> str:
    """Nothing is shown when no two things were done that have an order."""
    first = _first(trace)
    if any(True for order in _orders(trace) for _ in _pairs(order, first)):
        return ""
    return "no two things that have an order were ever done, so none could come before the other"


def _first(trace: Trace) -> dict[Subject, int]:
    """Where in the trace each thing owed was done for the first time."""
    return {
        owed: min(position for position, _ in (*debt.done, *debt.other))
        for owed, debt in debts(trace).items()
        if debt.done or debt.other
    }


def _pairs(order: _Order, first: dict[Subject, int]) -> Iterator[tuple[Subject, Subject]]:
    """What was done and has an order: what is to be first, and what after it."""
    done = [(rank, owed) for rank, owed in order.owed if owed in first]
    for before, one in done:
        for after, other in done:
            if before < after and (one[0] == other[0] or one[1] == other[1]):
                yield one, other


def _orders(trace: Trace) -> Iterator[_Order]:
    for event in trace.of(InOrder):
        named = [(rank, (event.kind, str(each))) for rank, each in enumerate(event.subjects)]
        yield _Order(named, "which was to come after it")
    yield from _by_key(trace)


def _by_key(trace: Trace) -> Iterator[_Order]:
    """What the records of each key owe, in the order of their partition. What had been done before
    its record was there was not done for it."""
    first = _first(trace)
    carried: dict[int, list[Subject]] = {}
    for owed, debt in debts(trace).items():
        for message in debt.messages:
            carried.setdefault(message, []).append(owed)
    keys: dict[tuple[Partition, bytes], dict[Subject, int]] = {}
    standing = [each for each in log(trace).records.values() if not (each.aborted or each.lost)]
    for record in sorted(standing, key=lambda each: (each.place, each.event.offset)):
        if record.event.key is None:
            continue
        stand = keys.setdefault((record.place, record.event.key), {})
        for owed in carried.get(record.event.message, ()):
            if first.get(owed, -1) > record.position:
                stand.setdefault(owed, record.event.offset)
    for (where, key), stand in keys.items():
        name = key.decode("utf-8", "replace")
        yield _Order(
            [(offset, owed) for owed, offset in stand.items()],
            f"whose record stands after its own in {place(where)}, under key {name}",
        )
