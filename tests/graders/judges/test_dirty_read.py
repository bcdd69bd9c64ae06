"""Dirty read: something was done for a record that was not certain to exist."""

import pytest

from graders.judges.dirty_read import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import charged, crashed, deduplicated, history
from tests.graders.judges.logs import appended, began, decided, invoiced, ordered, polled

BILLER, MAILER = "biller", "mailer#1"


def mailed(order: str = "order-1", who: str = MAILER) -> t.SideEffect:
    return t.SideEffect(at=0, who=who, kind="email", subject=order)


def reads(message: int = 9, offset: int = 0, who: str = MAILER) -> t.Polled:
    return polled(message, offset, who, "mailing", "invoices")


WRITTEN = [*ordered("order-1"), began(BILLER), invoiced(9, transaction=BILLER)]
COMMITTED, ABORTED = decided(transaction=BILLER), decided("aborted", BILLER)
READ = "it had read offset 0 of invoices/0 uncommitted"

FIRES: dict[str, tuple[list[t.Event], str, tuple[int, ...]]] = {
    "aborted afterwards": (
        [*WRITTEN, reads(), mailed(), ABORTED],
        f"transaction biller had not decided on yet, which was aborted at 6.000 s: {READ}",
        (4, 5),
    ),
    "committed afterwards": (
        [*WRITTEN, reads(), mailed(), COMMITTED],
        f"transaction biller had not decided on yet, which was committed at 6.000 s: {READ}",
        (4, 5),
    ),
    "decided between reading and doing": (
        [*WRITTEN, reads(), COMMITTED, mailed()],
        f"transaction biller had not decided on yet, which was committed at 5.000 s: {READ}",
        (4, 6),
    ),
    "aborted before": (
        [*WRITTEN, ABORTED, reads(), mailed()],
        f"transaction biller had taken back: it was aborted: {READ}",
        (5, 6),
    ),
    "never decided": (
        [*WRITTEN, reads(), mailed()],
        f"transaction biller had written and never decided on: {READ}",
        (4, 5),
    ),
    "by the next transaction of that id": (
        [*WRITTEN, COMMITTED, began(BILLER), invoiced(10, offset=2, transaction=BILLER),
         reads(10, 2), mailed(), ABORTED],
        "transaction biller had not decided on yet, which was aborted at 9.000 s: it had read "
        "offset 2 of invoices/0 uncommitted",
        (7, 8),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "state", "positions"), FIRES.values(), ids=FIRES)
def test_an_e_mail_was_sent_for_what_was_not_certain(
    events: list[t.Event], state: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert found.anomaly == "dirty_read"
    assert (
        found.sentence == f"the email for order-1 was made by mailer#1 from a record that {state}"
    )
    assert found.events == positions


def test_a_record_made_from_one_is_a_dirty_read_too() -> None:
    made = invoiced(11, topic="reminders", who=MAILER)
    [found] = find(history(*WRITTEN, reads(), made, ABORTED))
    assert found.sentence.startswith("the record in reminders for order-1 was made by mailer#1")
    taken_back = invoiced(11, topic="reminders", who=MAILER, transaction="mine")
    events = [*WRITTEN, reads(), began("mine"), taken_back, decided("aborted", "mine"), ABORTED]
    assert find(history(*events)) == []


def test_a_record_that_owes_nothing_is_known_by_what_it_names() -> None:
    [found] = find(history(*WRITTEN[2:], reads(), mailed(), ABORTED))
    assert found.events == (2, 3)


QUIET: dict[str, list[t.Event]] = {
    "committed before": [*WRITTEN, COMMITTED, reads(), mailed()],
    "no transaction": [*ordered("order-1"), invoiced(), reads(), mailed()],
    "read, and nothing done": [*WRITTEN, reads(), ABORTED],
    "something done for another": [*WRITTEN, reads(), mailed("order-2"), ABORTED],
    "done by another, who was handed the order": [
        *(*WRITTEN, polled(who="shop#1"), reads(), charged(who="shop#1"), ABORTED)
    ],
    "done before it was read": [*WRITTEN, mailed(), reads(), ABORTED],
    "done by a key that was used before": [*WRITTEN, reads(), deduplicated(), ABORTED],
    "read again once it was certain": [*WRITTEN, reads(), COMMITTED, reads(), mailed()],
    "read again by the next incarnation": [
        *(*WRITTEN, reads(), crashed(MAILER), COMMITTED, reads(who="mailer#2")),
        mailed(who="mailer#2"),
    ],
    "the invoice itself": [
        *(*ordered("order-1"), polled(), *WRITTEN[2:], charged(), COMMITTED, reads(), mailed())
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_what_was_certain_is_no_dirty_read(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_a_record_of_a_transaction_led_to_something() -> None:
    for events in ([], WRITTEN, [*WRITTEN, COMMITTED, reads()], [appended(), polled(), charged()]):
        assert unshown(history(*events)) == (
            "nothing was ever made from a record of a transaction, so none could be read too early"
        )
    assert unshown(history(*WRITTEN, COMMITTED, reads(), mailed())) == ""
