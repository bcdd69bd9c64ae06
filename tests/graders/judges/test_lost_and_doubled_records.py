"""Lost message and duplicate effect, where messages are records in a log."""

import pytest

from graders.judges import duplicate_effect, lost_message
from minibroker.sim import trace as t
from tests.graders.judges.history import charged, crashed, ended, history, owed, unroutable
from tests.graders.judges.logs import (
    appended,
    began,
    committed,
    decided,
    invoiced,
    ordered,
    owed_record,
    polled,
    rebalanced,
    truncated,
)

JOIN = rebalanced(worker=[0])
TAKEN = [JOIN, *ordered("order-1"), polled()]
ROW = t.Owed(at=0, message=7, kind="row in slips", subject="order-1")

LOST: dict[str, tuple[list[t.Event], str, tuple[int, ...]]] = {
    "committed before the work": (
        [*TAKEN, committed(), crashed(), ended()],
        "worker#1 committed offset 1 of orders/0 for billing, past its record at offset 0, and no "
        "charge for it was made",
        (4,),
    ),
    "committed by itself": (
        [*TAKEN, committed(by_itself=True), crashed()],
        "worker#1 committed offset 1 of orders/0 for billing by itself (auto-commit), past its "
        "record at offset 0, and no charge for it was made",
        (4,),
    ),
    "committed in a transaction": (
        [*TAKEN, began(), committed(transaction="tx"), decided()],
        "worker#1 committed offset 1 of orders/0 for billing with transaction tx, past its record "
        "at offset 0, and no charge for it was made",
        (6,),
    ),
    "a later record committed": (
        [JOIN, *ordered("order-1", "order-2"), polled(), polled(2, 1), charged("order-2"),
         committed(2)],
        "worker#1 committed offset 2 of orders/0 for billing, past its record at offset 0, and no "
        "charge for it was made",
        (8,),
    ),
    "its invoice never came": (
        [appended(), owed_record(), polled(), committed(), charged()],
        "worker#1 committed offset 1 of orders/0 for billing, past its record at offset 0, and no "
        "record in invoices for it was made",
        (3,),
    ),
    "its invoice was aborted": (
        [appended(), owed_record(), polled(), began(), invoiced(transaction="tx"), committed(),
         decided("aborted")],
        "worker#1 committed offset 1 of orders/0 for billing, past its record at offset 0, and no "
        "record in invoices for it was made",
        (5,),
    ),
    "its invoice is all there is": (
        [*TAKEN, invoiced(), committed(), ended()],
        "worker#1 committed offset 1 of orders/0 for billing, past its record at offset 0, and no "
        "charge for it was made",
        (5,),
    ),
    "the wrong amount": (
        [*TAKEN, charged(cents=41), committed()],
        "worker#1 committed offset 1 of orders/0 for billing, past its record at offset 0, and no "
        "charge for it was made with cents 42; what was made had cents 41",
        (4, 5),
    ),
    "never published": (
        [ROW, ended()],
        "no message about it was ever published, and no row in slips for it was made",
        (),
    ),
    "published in a transaction that was aborted": (
        [ROW, began(), appended(8, who="shop#1", transaction="tx"), decided("aborted"), ended()],
        "the transaction of its record was aborted, and no row in slips for it was made",
        (),
    ),
    "published to nobody": (
        [ROW, appended(8, who="shop#1"), ended()],
        "its record in orders is read by no group, and no row in slips for it was made",
        (1,),
    ),
    "published to no queue": (
        [unroutable(), owed(), ended()],
        "its message reached no queue, and no charge for it was made",
        (0,),
    ),
    "lost by the brokers": (
        [JOIN, *ordered("order-1"), truncated(1), ended()],
        "its record in orders/0 is in no broker's log any more, and no charge for it was made",
        (3,),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "why", "positions"), LOST.values(), ids=LOST)
def test_a_record_is_lost(events: list[t.Event], why: str, positions: tuple[int, ...]) -> None:
    [found] = lost_message.find(history(*events))
    assert found.sentence == f"order-1 was lost: {why}"
    assert found.events == positions


def test_a_record_with_the_wrong_content_says_so() -> None:
    kind = "record in invoices"
    owes = t.Owed(at=0, message=1, kind=kind, subject="order-1", detail={"cents": 42})
    events = [appended(), owes, polled(), invoiced(), committed()]
    [found] = lost_message.find(history(*events))
    assert found.sentence.endswith("was made with cents 42; what was made had cents none")
    assert found.events == (3, 4)


KEPT: dict[str, list[t.Event]] = {
    "paid": [*TAKEN, charged(), committed()],
    "paid after the commit": [*TAKEN, committed(), charged()],
    "not committed": [*TAKEN, crashed(), ended()],
    "not committed in the end": [*TAKEN, began(), committed(transaction="tx"), decided("aborted")],
    "on its way in another topic": [
        *(*TAKEN, invoiced(topic="later"), rebalanced(topic="later", worker=[0]), committed())
    ],
    "another group has it before it": [*TAKEN, committed(), rebalanced("mailing", worker=[0])],
    "gone back to": [*TAKEN, committed(), committed(0)],
    "its invoice was made": [appended(), owed_record(), polled(), invoiced(), committed()],
}


@pytest.mark.parametrize("events", KEPT.values(), ids=KEPT)
def test_no_record_is_lost(events: list[t.Event]) -> None:
    assert lost_message.find(history(*events)) == []


def test_something_is_shown_of_losses_once_a_record_that_owes_something_was_handed_out() -> None:
    assert lost_message.unshown(history(*ordered("order-1"))) != ""
    assert lost_message.unshown(history(*ordered("order-1"), polled(5))) != ""
    assert lost_message.unshown(history(*ordered("order-1"), polled())) == ""


def test_something_is_shown_of_losses_once_what_is_owed_was_done_without_being_handed_out() -> None:
    """Such as a record that is owed, which the process found as a row of a table."""
    from_a_table = [owed_record(), invoiced()]
    assert lost_message.unshown(history(from_a_table[0])) != ""
    assert lost_message.unshown(history(*from_a_table)) == ""


# --- twice ---------------------------------------------------------------------------------------

OWED = [appended(), owed_record()]
IN = [began(), invoiced(9, transaction="tx")]


def doubled(*events: t.Event) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.sentence, each.events) for each in duplicate_effect.find(history(*events))]


def test_a_record_that_is_owed_and_made_twice_is_a_duplicate() -> None:
    events = [*OWED, invoiced(9), crashed(), invoiced(10, offset=1, who="worker#2")]
    assert doubled(*events) == [
        (
            "the record in invoices for order-1 was made twice: by worker#1 at 2.000 s, then by "
            "worker#2 at 4.000 s",
            (2, 4),
        )
    ]


def test_a_second_one_with_another_content_is_a_duplicate_too() -> None:
    kind = "record in invoices"
    owes = t.Owed(at=0, message=1, kind=kind, subject="order-1", detail={"cents": 42})
    right = appended(3, 1, "invoices", who="worker#1", value=b'{"id": "order-1", "cents": 42}')
    [(_, positions)] = doubled(appended(), owes, invoiced(9), right)
    assert positions == (2, 3)


@pytest.mark.parametrize(
    "events",
    [
        [*OWED, invoiced(9)],
        [*OWED, *IN, decided("aborted"), invoiced(10)],
        [*OWED, *IN, invoiced(10, offset=1)],
        [*OWED, invoiced(9), invoiced(10, who="scenario")],
        [*OWED, invoiced(9), invoiced(10, topic="refunds")],
        [*OWED, invoiced(9), invoiced(10, order="order-2")],
        [*ordered("order-1"), invoiced(9), invoiced(10)],
    ],
)
def test_what_nobody_sees_or_nobody_owes_is_no_duplicate(events: list[t.Event]) -> None:
    assert doubled(*events) == []


def test_both_of_two_committed_ones_count() -> None:
    again = [
        began("other"),
        invoiced(10, offset=2, transaction="other"),
        decided(transaction="other"),
    ]
    [(_, positions)] = doubled(*OWED, *IN, decided(), *again)
    assert positions == (3, 6)


def test_something_is_shown_of_duplicates_once_a_record_was_made() -> None:
    assert duplicate_effect.unshown(history(*OWED)) == (
        "no record in invoices was ever made, so none could be made twice"
    )
    assert duplicate_effect.unshown(history(*OWED, *IN)) != ""
    assert duplicate_effect.unshown(history(*OWED, *IN, decided())) == ""


def test_the_offset_that_passed_it_is_named_though_others_were_committed_with_it() -> None:
    both = t.OffsetsCommitted(
        at=0, who="worker#1", group="billing", offsets=[["orders", 1, 7], ["orders", 0, 1]]
    )
    earlier = [committed(0), committed(5, partition=1)]
    [found] = lost_message.find(history(*TAKEN, *earlier, both))
    assert found.sentence.startswith(
        "order-1 was lost: worker#1 committed offset 1 of orders/0 for billing, past its record"
    )
    assert found.events == (6,)


def test_the_record_that_the_last_commit_passed_is_named() -> None:
    events = [
        JOIN,
        appended(1),
        owed(1),
        appended(2, 1),
        appended(3, 2),
        committed(1),
        committed(2),
    ]
    [found] = lost_message.find(history(*events, committed(3)))
    assert "committed offset 3 of orders/0" in found.sentence
    assert "its record at offset 2" in found.sentence
