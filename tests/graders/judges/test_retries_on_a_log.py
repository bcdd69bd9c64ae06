"""What is promised for work that fails, kept and broken on a log: a record is moved by a copy in
another topic and a commit, and its attempts are in its headers."""

import pytest

from graders.judges import (
    dead_letter_without_cause,
    given_up_early,
    retry_without_delay,
    starvation,
    too_many_attempts,
)
from graders.judges.attempts import ways
from graders.judges.debts import DEAD_LETTER, debts
from minibroker.sim.trace import Appended, Event
from tests.graders.judges.history import (
    DEAD,
    WORKER,
    charged,
    crashed,
    declined,
    faulted,
    history,
    owed,
    owed_dead,
    promised,
    timed,
    trouble,
)
from tests.graders.judges.logs import appended, began, committed, decided, polled

RETRY = "orders.retry.5"
TOLD = {"cause": b"GatewayUnavailable: away", "attempts": b"4"}
OWED = [promised(), appended(), owed_dead()]
AGAIN = "worker#2"


def copied(
    message: int = 2,
    offset: int = 0,
    who: str = WORKER,
    attempts: bytes = b"1",
    transaction: str = "",
) -> Appended:
    """The order goes to the topic where it waits."""
    headers = {"attempts": attempts}
    return appended(
        message, offset, RETRY, who=who, headers=headers, transaction=transaction, key=b"order-1"
    )


def put_away(
    message: int = 9,
    value: bytes | None = None,
    transaction: str = "",
    **headers: bytes | None,
) -> Appended:
    """The order goes to the dead letters."""
    return appended(
        message,
        message,
        DEAD,
        who=WORKER,
        key=b"order-1",
        value=value,
        transaction=transaction,
        headers=headers or TOLD,
    )


def tried(times: int, who: str = WORKER) -> list[Event]:
    """So many attempts that fail, whatever the record is."""
    return [declined(who=who) for _ in range(times)]


# --- how many ways an order went ---------------------------------------------------------------


def went(*events: Event) -> int:
    trace = history(*OWED, *events)
    return ways(trace, "order-1", debts(trace)[DEAD_LETTER, "order-1"])


WAYS: dict[str, tuple[list[Event], int]] = {
    "never handed out": ([], 1),
    "copied, then committed": ([polled(), copied(), committed(), crashed()], 1),
    "copied and handed out again": ([polled(), copied(), crashed(), polled(who=AGAIN)], 2),
    "handed out again before it was copied": (
        [polled(), crashed(), polled(who=AGAIN), copied(who=AGAIN), committed()],
        1,
    ),
    "sought back to, then copied": ([polled(), polled(), copied(), committed()], 1),
    "copied in a transaction with its offset": (
        [
            *(polled(), began(), copied(transaction="tx"), committed(transaction="tx")),
            *(decided(), crashed(), polled(2, topic=RETRY, who=AGAIN)),
        ],
        1,
    ),
    "copied in a transaction that was aborted": (
        [
            *(polled(), began(), copied(transaction="tx"), crashed(), decided("aborted")),
            polled(who=AGAIN),
        ],
        1,
    ),
    "copied in a transaction without its offset": (
        [polled(), began(), copied(transaction="tx"), decided(), crashed(), polled(who=AGAIN)],
        2,
    ),
    "sent twice by its producer": (
        [polled(), faulted("indefinite"), copied(2, 0), copied(3, 1), committed()],
        2,
    ),
    "produced twice without any fault": ([polled(), copied(2, 0), copied(3, 1), committed()], 1),
    "another order was copied": (
        [polled(), appended(2, 0, RETRY, who=WORKER, order="order-2"), crashed(), polled()],
        1,
    ),
    "copied by one, handed to another group": (
        [polled(), copied(), committed(), polled(group="audit")],
        1,
    ),
    "copied once and handed out twice again": (
        [polled(), copied(), crashed(), polled(who=AGAIN), polled(who=AGAIN)],
        2,
    ),
    "copied after its commit, and read back": ([polled(), committed(), copied(), polled()], 1),
    "copied, committed, and read back": ([polled(), copied(), committed(), polled()], 1),
    "another order that is owed was copied": (
        [
            *(appended(5, 1, order="order-2"), owed(5, "order-2"), polled(), polled(5, 1)),
            *(appended(6, 0, RETRY, who=WORKER, order="order-2"), crashed(), polled(who=AGAIN)),
        ],
        1,
    ),
    "came twice": ([faulted("duplicate"), appended(2, 1)], 2),
}


@pytest.mark.parametrize(("events", "many"), WAYS.values(), ids=WAYS)
def test_a_record_goes_a_second_way_when_it_was_copied_and_not_committed(
    events: list[Event], many: int
) -> None:
    assert went(*events) == many


# --- too many attempts -------------------------------------------------------------------------


def test_a_count_in_memory_that_a_crash_forgets() -> None:
    events = [polled(), *tried(3), crashed(), polled(who=AGAIN), *tried(4, AGAIN), put_away()]
    [found] = too_many_attempts.find(history(*OWED, *events, committed()))
    assert found.sentence == "order-1 was tried 7 times, where 4 attempts are promised"


def test_two_records_of_one_order_have_their_attempts_each() -> None:
    first = [polled(), *tried(1), copied(), crashed(), polled(who=AGAIN), *tried(4, AGAIN)]
    second = [put_away(8), committed(), polled(2, topic=RETRY, who=AGAIN), *tried(3, AGAIN)]
    events = [*OWED, *first, *second, put_away(), committed(topic=RETRY)]
    assert too_many_attempts.find(history(*events)) == []


def test_two_copies_without_a_fault_do_not_excuse_more_attempts() -> None:
    events = [polled(), copied(2, 0), copied(3, 1), *tried(7), put_away(), committed()]
    assert len(too_many_attempts.find(history(*OWED, *events))) == 1


# --- given up early ----------------------------------------------------------------------------


def test_a_record_that_is_put_away_after_one_attempt_was_given_up_early() -> None:
    events = [polled(), *tried(1), put_away(), committed()]
    [found] = given_up_early.find(history(*OWED, *events))
    assert found.sentence == "order-1 was given up after 1 attempt, where 4 are promised"


def test_a_crash_costs_one_attempt_and_no_more() -> None:
    early = [polled(), *tried(1), put_away(), committed(), crashed()]
    assert len(given_up_early.find(history(*OWED, *early))) == 1
    late = [polled(), *tried(3), put_away(), committed(), crashed()]
    assert given_up_early.find(history(*OWED, *late)) == []


def test_a_dead_letter_that_nobody_sees_gives_nothing_up() -> None:
    aborted = [began(), put_away(transaction="tx"), decided("aborted")]
    assert given_up_early.find(history(*OWED, polled(), *tried(1), *aborted)) == []


def test_a_dead_letter_that_nobody_sees_is_a_loss_to_be_judged_elsewhere() -> None:
    aborted = [began(), put_away(transaction="tx"), decided("aborted"), committed(), crashed()]
    assert given_up_early.find(history(*OWED, polled(), *tried(1), *aborted)) == []


def test_a_dead_letter_that_somebody_reads_is_put_away_all_the_same() -> None:
    read = [committed(0, group="desk", topic=DEAD), polled(9, group="desk", topic=DEAD)]
    events = [*OWED, polled(), *tried(1), put_away(), committed(), *read]
    assert len(given_up_early.find(history(*events))) == 1


def test_a_record_that_waits_in_another_topic_is_not_given_up() -> None:
    waits = [copied(), committed(), committed(0, topic=RETRY)]
    events = [promised(), appended(), owed(), polled(), *tried(1), *waits]
    assert given_up_early.find(history(*events)) == []


# --- retries without delay, and starvation -----------------------------------------------------


def test_a_record_that_is_read_at_once_is_tried_too_soon() -> None:
    soon = timed(
        *((0, promised()), (0, appended()), (0, owed_dead()), (1, polled()), (1, declined())),
        *((1.1, copied()), (1.1, committed()), (1.2, polled(2, topic=RETRY)), (1.3, declined())),
    )
    [found] = retry_without_delay.find(soon)
    assert "attempt 2 for order-1 came 0.3 s after attempt 1 had failed" in found.sentence


def test_a_record_that_was_left_alone_for_as_long_as_promised_is_not() -> None:
    later = timed(
        *((0, promised()), (0, appended()), (0, owed_dead()), (1, polled()), (1, declined())),
        *((1.1, copied()), (1.1, committed()), (1.2, polled(2, topic=RETRY)), (6, declined())),
    )
    assert retry_without_delay.find(later) == []


@pytest.mark.parametrize(("charge", "many"), [(4.9, 0), (5.2, 1)])
def test_a_record_waits_for_others_no_longer_than_the_patience(charge: float, many: int) -> None:
    trace = timed(
        *((0, promised()), (0, trouble("order-1")), (1, appended()), (1, owed_dead())),
        *((1.5, polled()), (2, appended(2, 1, order="order-2")), (2, owed(2, "order-2"))),
        (charge, charged("order-2")),
    )
    assert len(starvation.find(trace)) == many


# --- dead letters ------------------------------------------------------------------------------

LETTERS: dict[str, tuple[Appended, str]] = {
    "no header": (put_away(none=None), "has no header 'cause', text in UTF-8 that says what"),
    "no cause": (put_away(attempts=b"4"), "has no header 'cause', text in UTF-8 that says what"),
    "a blank cause": (put_away(cause=b" ", attempts=b"4"), "has no header 'cause'"),
    "a cause that is no text": (
        put_away(cause=b"\xff\xfe", attempts=b"4"),
        "has no header 'cause'",
    ),
    "no attempts": (put_away(cause=b"away"), "has no header 'attempts', decimal digits that say"),
    "attempts that are no digits": (put_away(cause=b"away", attempts=b"\x04"), "'attempts'"),
    "attempts in digits of another script": (
        put_away(cause=b"away", attempts="\u0664".encode()),
        "has no header 'attempts'",
    ),
    "too many": (put_away(cause=b"away", attempts=b"5"), "says 5 attempts, where 4 failed"),
    "too few": (put_away(cause=b"away", attempts=b"3"), "says 3 attempts, where 4 failed"),
    "another value": (put_away(value=b'{"id": "order-1", "x": 1}'), "is not what came"),
    "no value": (put_away(value=b""), "is not what came"),
}


@pytest.mark.parametrize(("letter", "sentence"), LETTERS.values(), ids=LETTERS)
def test_a_dead_letter_says_too_little_or_something_untrue(letter: Appended, sentence: str) -> None:
    trace = history(*OWED, polled(), *tried(4), letter, committed())
    [found] = dead_letter_without_cause.find(trace)
    assert sentence in found.sentence
    assert found.sentence.startswith("the dead letter of order-1 ")


def test_a_dead_letter_that_is_what_came_and_says_why_is_one() -> None:
    events = [*OWED, polled(), *tried(4), put_away(), committed()]
    assert dead_letter_without_cause.find(history(*events)) == []


def test_of_a_header_that_is_there_twice_the_last_counts() -> None:
    letter = put_away()
    letter.headers[:0] = [["attempts", b"1"]]
    events = [*OWED, polled(), *tried(4), letter, committed()]
    assert dead_letter_without_cause.find(history(*events)) == []


def test_only_what_a_reader_of_the_dead_letters_sees_is_judged() -> None:
    aborted = [began(), put_away(transaction="tx", none=None), decided("aborted")]
    events = [*OWED, polled(), *tried(4), *aborted, polled(), put_away(8), committed()]
    assert dead_letter_without_cause.find(history(*events)) == []


def test_two_dead_letters_account_for_all_attempts_together() -> None:
    first = [polled(), *tried(1), copied(), crashed(), polled(who=AGAIN), *tried(4, AGAIN)]
    rest = [polled(2, topic=RETRY, who=AGAIN), *tried(3, AGAIN), put_away(), committed(topic=RETRY)]
    events = [*OWED, *first, put_away(8), committed(), *rest]
    assert dead_letter_without_cause.find(history(*events)) == []


def test_nothing_is_shown_before_a_reader_sees_a_dead_letter() -> None:
    aborted = [began(), put_away(transaction="tx"), decided("aborted")]
    assert "no message ever came to orders.dead" in dead_letter_without_cause.unshown(
        history(*OWED, polled(), *tried(4), *aborted)
    )
    assert dead_letter_without_cause.unshown(history(*OWED, polled(), put_away())) == ""
