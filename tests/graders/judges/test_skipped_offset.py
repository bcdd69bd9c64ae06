"""Skipped offset: a group's committed offset went past a record that nobody had worked on."""

import pytest

from graders.judges.skipped_offset import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import WORKER, charged, crashed, declined, history
from tests.graders.judges.logs import (
    appended,
    began,
    committed,
    decided,
    invoiced,
    ordered,
    polled,
    rebalanced,
    truncated,
)

TWO = ordered("order-1", "order-2")
FAILS = [*TWO, polled(), declined("order-1"), polled(2, 1), charged("order-2")]


def asks(op: str = "poll", who: str = WORKER) -> t.Requested:
    return t.Requested(at=0, who=who, number=3, client="kafka", op=op, args={})


def fails(error: str = "KeyError", who: str = WORKER) -> t.Answered:
    return t.Answered(at=0, who=who, number=3, error=error)


FIRES: dict[str, tuple[list[t.Event], str, tuple[int, ...]]] = {
    "never handed out": (
        [*TWO, polled(2, 1), charged("order-2"), committed(2)],
        "worker#1 committed offset 2 of orders/0, past order-1, which billing was never handed",
        (6,),
    ),
    "many never handed out": (
        [*ordered("order-1", "order-2", "order-3", "order-4"), committed(4)],
        "worker#1 committed offset 4 of orders/0, past order-1, order-2 and 2 more, which billing "
        "was never handed",
        (8,),
    ),
    "handed to another group": (
        [*ordered("order-1"), polled(group="mailing"), charged(), committed()],
        "worker#1 committed offset 1 of orders/0, past order-1, which billing was never handed",
        (4,),
    ),
    "never handed out, and owes nothing": (
        [appended(), committed(by_itself=True)],
        "worker#1 committed offset 1 of orders/0 by itself (auto-commit), past the record at "
        "offset 0, which billing was never handed",
        (1,),
    ),
    "with a transaction": (
        [*ordered("order-1"), began(), committed(transaction="tx"), decided()],
        "worker#1 committed offset 1 of orders/0 with transaction tx, past order-1, which billing "
        "was never handed",
        (4,),
    ),
    "failed, and a later one committed": (
        [*FAILS, committed(2)],
        "worker#1 committed offset 2 of orders/0, past order-1 at offset 0, though the work on it "
        "had failed (GatewayUnavailable)",
        (5, 8),
    ),
    "failed, and committed at once": (
        [*ordered("order-1"), polled(), fails(), committed()],
        "worker#1 committed offset 1 of orders/0, past order-1 at offset 0, though the work on it "
        "had failed (KeyError)",
        (3, 4),
    ),
    "failed in a batch": (
        [*TWO, asks("consume"), polled(), polled(2, 1), declined("order-1"), charged("order-2"),
         asks("consume"), fails("KafkaException"), committed(2)],
        "worker#1 committed offset 2 of orders/0, past order-1 at offset 0, though the work on it "
        "had failed (GatewayUnavailable)",
        (7, 11),
    ),
    "failed twice": (
        [*ordered("order-1"), polled(), declined(), crashed(), polled(who="worker#2"),
         declined(error="CardDeclined", who="worker#2"), committed(who="worker#2")],
        "worker#2 committed offset 1 of orders/0, past order-1 at offset 0, though the work on it "
        "had failed (CardDeclined)",
        (6, 7),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_an_offset_was_skipped(
    events: list[t.Event], sentence: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert (found.anomaly, found.sentence) == ("skipped_offset", sentence)
    assert found.events == positions


def test_each_commit_tells_of_what_it_passed_first() -> None:
    found = find(history(*TWO, committed(1), committed(0), committed(2), committed(2)))
    assert [(each.sentence.split(", ")[1], each.events) for each in found] == [
        ("past order-1", (4,)),
        ("past order-2", (6,)),
    ]


QUIET: dict[str, list[t.Event]] = {
    "all done": [*ordered("order-1"), polled(), charged(), committed()],
    "committed before the work": [*ordered("order-1"), polled(), committed(), charged()],
    "committed before the work, and crashed": [
        *(*ordered("order-1"), polled(), committed(), crashed())
    ],
    "handed out after the commit": [*ordered("order-1"), committed(), polled(), charged()],
    "failed and not passed": [*FAILS, committed(0)],
    "failed and done in the end": [*FAILS, committed(2), charged("order-1")],
    "failed and tried again before": [
        *(*ordered("order-1"), polled(), declined(), asks(), charged(), committed())
    ],
    "failed and goes on elsewhere": [
        *(*ordered("order-1"), polled(), declined(), invoiced(topic="later"), committed()),
        rebalanced(topic="later", worker=[0]),
    ],
    "a call that failed for somebody else": [
        *(*ordered("order-1"), polled(), fails(who="worker-2#1"), committed(), crashed())
    ],
    "a call that failed after it had gone on": [
        *(*ordered("order-1"), polled(), asks(), fails(), committed(), crashed())
    ],
    "a call that failed before": [*ordered("order-1"), fails(), polled(), committed(), crashed()],
    "a record of an aborted transaction": [
        *(began(), appended(1, transaction="tx"), decided("aborted"), committed(2))
    ],
    "a record that was lost": [appended(1), truncated(1), committed(1)],
    "a record that came after": [committed(1), appended(1)],
    "another partition": [appended(1, partition=1), committed(1)],
    "a transaction that was aborted": [
        *(*ordered("order-1"), began(), committed(transaction="tx"), decided("aborted"))
    ],
}  # fmt: skip


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_no_offset_was_skipped(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_an_offset_was_committed() -> None:
    assert unshown(history(*TWO, polled(), began(), committed(transaction="tx"))) == (
        "no offset was ever committed, so none could be skipped"
    )
    assert unshown(history(*TWO, polled(), committed())) == ""
