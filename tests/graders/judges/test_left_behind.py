"""Stuck in a log: records that a group has not come past, transactions that nobody has ended."""

import pytest

from graders.judges.stuck import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import (
    charged,
    crashed,
    ended,
    exited,
    gave_up,
    history,
    owed,
    promised,
    published,
    settled,
)
from tests.graders.judges.logs import (
    appended,
    began,
    committed,
    decided,
    invoiced,
    left,
    ordered,
    polled,
    rebalanced,
    revoked,
)

JOIN = rebalanced(worker=[0])

FIRES: dict[str, tuple[list[t.Event], str, tuple[int, ...]]] = {
    "never committed": (
        [JOIN, *ordered("order-1"), polled(), charged(), ended()],
        "order-1 was handed to worker#1 and not committed: it stands at offset 0 of orders/0, "
        "where billing has committed no offset, so it would come again",
        (3,),
    ),
    "never committed by one that left": (
        [JOIN, *ordered("order-1"), polled(), polled(who="worker#2"), crashed(), left(), ended()],
        "order-1 was handed to worker#2 and not committed: it stands at offset 0 of orders/0, "
        "where billing has committed no offset, so it would come again",
        (4,),
    ),
    "the offset of the record itself": (
        [*ordered("order-1", "order-2"), polled(), polled(2, 1), committed(0), committed(1),
         ended()],
        "order-2 was handed to worker#1 and not committed: it stands at offset 1 of orders/0, "
        "where billing has committed offset 1, so it would come again",
        (5,),
    ),
    "never handed out": (
        [JOIN, *ordered("order-1", "order-2", "order-3"), polled(), committed(), ended()],
        "order-2 waits in orders/0, like one more after it, and billing never took it",
        (3,),
    ),
    "never handed out, since there is nobody": (
        [JOIN, *ordered("order-1"), exited("raised"), gave_up(), ended()],
        "order-1 waits in orders/0, and billing never took it, since worker#1 failed and was not "
        "started again",
        (1,),
    ),
    "a topic that nobody reads": (
        [*ordered("order-1", "order-2", "order-3"), ended()],
        "order-1 waits in orders/0, like 2 more after it, and nobody reads that topic",
        (0,),
    ),
    "a record that owes nothing": (
        [JOIN, appended(), ended()],
        "the record at offset 0 waits in orders/0, and billing never took it",
        (1,),
    ),
    "another group": (
        [*ordered("order-1"), committed(), rebalanced("mailing", worker=[0]), ended()],
        "order-1 waits in orders/0, and mailing never took it",
        (0,),
    ),
    "offsets of a transaction that was aborted": (
        [*ordered("order-1"), polled(), began(), committed(transaction="tx"), decided("aborted"),
         ended()],
        "order-1 was handed to worker#1 and not committed: it stands at offset 0 of orders/0, "
        "where billing has committed no offset, so it would come again",
        (2,),
    ),
    "an open transaction": (
        [*ordered("order-1"), polled(), began(), invoiced(transaction="tx"), charged(),
         committed(), ended()],
        "transaction tx of worker#1 was still open at the end, neither committed nor aborted, so "
        "no read_committed reader gets past it in invoices/0",
        (3,),
    ),
    "an open transaction that took offsets along": (
        [began(), committed(transaction="tx"), ended()],
        "transaction tx of worker#1 was still open at the end, neither committed nor aborted",
        (0,),
    ),
    "an open transaction in a topic that is read": (
        [rebalanced("mailing", topic="invoices", mailer=[0]), began(), invoiced(transaction="tx"),
         ended()],
        "transaction tx of worker#1 was still open at the end, neither committed nor aborted, so "
        "no read_committed reader gets past it in invoices/0",
        (1,),
    ),
    "a poison loop": (
        [*ordered("order-1"), *[polled(), revoked()] * 3, ended("effects", 300)],
        "the run did not come to rest within 300 effects; order-1 was handed out 3 times",
        (2, 4, 6),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_something_is_left_in_a_log(
    events: list[t.Event], sentence: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert (found.anomaly, found.sentence) == ("stuck", sentence)
    assert found.events == positions


def test_each_partition_and_each_group_is_told_of() -> None:
    there = ordered("order-2", partition=1, first=2)
    events = [*ordered("order-1"), *there, rebalanced(worker=[0]), rebalanced("mailing", w=[1])]
    found = find(history(*events, committed(), ended()))
    assert [each.sentence.split(", and ") for each in found] == [
        ["order-1 waits in orders/0", "mailing never took it"],
        ["order-2 waits in orders/1", "billing never took it"],
        ["order-2 waits in orders/1", "mailing never took it"],
    ]  # fmt: skip


QUIET: dict[str, list[t.Event]] = {
    "all committed": [JOIN, *ordered("order-1"), polled(), charged(), committed(), ended()],
    "committed by another": [
        *(JOIN, *ordered("order-1"), polled(), crashed(), polled(who="worker#2")),
        *(committed(who="worker#2"), ended()),
    ],
    "committed in a transaction": [
        *(*ordered("order-1"), polled(), began(), committed(transaction="tx"), decided(), ended())
    ],
    "a result that nobody reads": [*ordered("order-1"), committed(), invoiced(), ended()],
    "read and paid without a group": [*ordered("order-1"), polled(group=""), charged(), ended()],
    "read back by a group without members": [
        *(*ordered("order-1"), committed(), polled(group="restore"), ended())
    ],
    "a record of an aborted transaction": [
        *(rebalanced("mailing", topic="invoices", mailer=[0]), began()),
        *(invoiced(transaction="tx"), decided("aborted"), ended()),
    ],
    "an offset past a transaction's marker": [
        *(began(), appended(1, transaction="tx"), decided(), committed(2), ended())
    ],
    "in the topic of dead letters": [
        *(promised(), *ordered("order-1"), committed(), invoiced(topic="orders.dead")),
        *(rebalanced("desk", topic="orders.dead", desk=[0]), ended()),
    ],
    "queues and logs together": [
        *(published(1, "refunds"), owed(1, "order-7"), settled(1, queue="refunds")),
        *(*ordered("order-1", first=2), committed(), ended()),
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_nothing_is_left_in_a_log(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_a_record_was_handed_out() -> None:
    assert unshown(history(*ordered("order-1"))) != ""
    assert unshown(history(*ordered("order-1"), polled())) == ""


def test_in_a_topic_that_nobody_reads_only_what_is_owed_is_left() -> None:
    events = [*ordered("order-1", "order-2"), polled(2, 1, group=""), charged("order-2"), ended()]
    [found] = find(history(*events))
    assert found.sentence == "order-1 waits in orders/0, and nobody reads that topic"


def test_what_was_handed_out_twice_goes_round_for_no_reason_to_name_it() -> None:
    [found] = find(history(*ordered("order-1"), polled(), polled(), ended("effects", 300)))
    assert found.sentence == "the run did not come to rest within 300 effects"


def test_an_open_transaction_names_each_partition_once() -> None:
    two = [invoiced(8, transaction="tx"), invoiced(9, offset=1, transaction="tx")]
    other = invoiced(10, topic="audit", transaction="tx")
    [found] = find(history(began(), *two, other))
    assert found.sentence.endswith("gets past it in invoices/0 and audit/0")
