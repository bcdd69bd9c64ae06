"""What the log's events amount to."""

import pytest

from graders.judges.copies import is_gone, last_of_each_copy
from graders.judges.debts import RECORD, ROW, debts, subjects
from graders.judges.records import log, names
from minibroker.sim import trace as t
from tests.graders.judges.history import (
    DEAD,
    WORKER,
    charged,
    crashed,
    exited,
    history,
    owed,
    owed_dead,
    promised,
)
from tests.graders.judges.logs import (
    appended,
    assigned,
    began,
    committed,
    decided,
    invoiced,
    left,
    ordered,
    owed_record,
    polled,
    rebalanced,
    revoked,
    truncated,
)

# --- transactions --------------------------------------------------------------------------------


def counting(*events: t.Event) -> list[int]:
    """The messages that a read_committed reader sees in the end."""
    return [number for number, record in log(history(*events)).records.items() if record.counts]


IN = [began(), appended(1, transaction="tx"), appended(2, 1)]


def test_a_record_counts_once_its_transaction_is_committed() -> None:
    assert counting(*IN) == [2]
    assert counting(*IN, decided("aborted")) == [2]
    assert counting(*IN, decided(transaction="other")) == [2]
    assert counting(*IN, decided()) == [1, 2]


def test_one_id_has_one_transaction_after_the_other() -> None:
    events = [*IN, decided("aborted", why="fenced"), appended(3, 3, transaction="tx"), decided()]
    assert counting(*events) == [2, 3]
    found = log(history(*events)).transactions
    assert [(each.began, each.ended, each.committed) for each in found] == [
        (0, 3, False),
        (4, 5, True),
    ]


def test_a_record_that_no_broker_has_any_more_counts_no_more() -> None:
    assert counting(appended(1), appended(2, 1), truncated(2, offset=1)) == [1]


def moves(*events: t.Event) -> list[tuple[int, int]]:
    """When a position moved, and to where."""
    return [(each.position, each.offset) for each in log(history(*events)).commits]


def test_an_offset_counts_at_once_or_with_its_transaction() -> None:
    along = [began(), committed(1, transaction="tx")]
    assert moves(committed(1), committed(2)) == [(0, 1), (1, 2)]
    assert moves(*along) == []
    assert moves(*along, decided("aborted"), began(), decided()) == []
    assert moves(*along, committed(7, group="other"), decided()) == [(2, 7), (3, 1)]


def test_a_group_reads_what_its_members_own_and_what_it_has_committed() -> None:
    groups = log(
        history(
            *(appended(), rebalanced("a", worker=[0]), committed(group="b"), polled(group="c")),
            *(polled(group=""), polled(group="b", topic="refunds"), rebalanced("d", worker=[])),
        )
    ).groups
    assert groups == {"orders": ["a", "b"], "refunds": ["b"]}


# --- copies --------------------------------------------------------------------------------------


def copies(*events: t.Event) -> dict[tuple[str, int], tuple[int, str]]:
    """Where in the history the last of each copy happened, and what it was."""
    last = last_of_each_copy(history(*events))
    return {copy: (place, type(event).__name__) for copy, (place, event) in last.items()}


JOIN = rebalanced(worker=[0])


def test_a_record_is_one_copy_for_each_group_that_reads_its_topic() -> None:
    events = [appended(1), appended(2, topic="audit"), JOIN, rebalanced("mailing", worker=[0])]
    assert copies(*events, polled(1), committed(1, group="mailing")) == {
        ("orders for billing", 1): (4, "Polled"),
        ("orders for mailing", 1): (5, "OffsetsCommitted"),
        ("audit", 2): (1, "Appended"),
    }


def test_an_offset_passes_all_records_before_it_and_no_other() -> None:
    events = [
        *(JOIN, appended(1), appended(2, 1), appended(3, 2), appended(4, 0, partition=1)),
        committed(2),
    ]
    assert {copy[1]: where for copy, where in copies(*events).items()} == {
        1: (5, "OffsetsCommitted"),
        2: (5, "OffsetsCommitted"),
        3: (3, "Appended"),
        4: (4, "Appended"),
    }


def test_a_record_that_was_passed_stays_passed_though_it_is_polled_again() -> None:
    assert copies(JOIN, appended(), polled(), committed(), polled(who="worker#2"), crashed()) == {
        ("orders for billing", 1): (3, "OffsetsCommitted")
    }


def test_a_group_that_goes_back_has_its_records_before_it_again() -> None:
    events = [appended(1), appended(2, 1), committed(2), committed(1)]
    assert copies(*events) == {
        ("orders for billing", 1): (2, "OffsetsCommitted"),
        ("orders for billing", 2): (1, "Appended"),
    }
    assert copies(*events, polled(2, 1))["orders for billing", 2] == (4, "Polled")


def test_offsets_in_a_transaction_pass_nothing_before_it_is_committed() -> None:
    events = [JOIN, appended(), polled(), began(), committed(transaction="tx")]
    [(copy, where)] = copies(*events).items()
    assert where == (2, "Polled")
    assert copies(*events, decided("aborted"))[copy] == (2, "Polled")
    assert copies(*events, decided())[copy] == (5, "TransactionEnded")


@pytest.mark.parametrize(
    "loses",
    [
        *(crashed(), exited("raised"), left(), revoked(), revoked(lost=True)),
        *(rebalanced(worker=[1]), rebalanced(worker_2=[0])),
    ],
)
def test_a_record_waits_again_when_its_holder_has_lost_it(loses: t.Event) -> None:
    [where] = copies(JOIN, appended(), polled(), loses).values()
    assert where == (3, type(loses).__name__)


@pytest.mark.parametrize(
    "keeps",
    [
        *(crashed("worker#2"), left("worker-2#1"), revoked(WORKER, 1), rebalanced(worker=[0, 1])),
        *(rebalanced("mailing", worker_2=[0]), assigned(), committed(0), committed(5, group="x")),
    ],
)
def test_a_record_stays_with_its_holder_when_something_else_happens(keeps: t.Event) -> None:
    assert copies(JOIN, appended(), polled(), keeps)["orders for billing", 1] == (2, "Polled")


def test_a_record_of_an_aborted_transaction_is_no_copy() -> None:
    events = [JOIN, began(), appended(transaction="tx"), polled()]
    assert copies(*events) != {}
    assert copies(*events, decided("aborted")) == {}


def test_a_record_that_was_cut_off_a_log_is_gone() -> None:
    trace = history(JOIN, appended(1), appended(2, 1), truncated(2, offset=1), appended(3, 1))
    assert {
        copy[1]: is_gone(copy, event) for copy, (_, event) in last_of_each_copy(trace).items()
    } == {1: False, 2: True, 3: False}


def test_a_record_in_a_topic_that_nobody_reads_is_gone_unless_the_scenario_sent_it() -> None:
    trace = history(appended(1), appended(2, 1, who=WORKER))
    assert {
        copy[1]: is_gone(copy, event) for copy, (_, event) in last_of_each_copy(trace).items()
    } == {1: False, 2: True}


# --- debts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        (None, b'{"id": "a"}', ["a"]),
        (b"b", b'{"id": "a", "order": "c"}', ["a", "b", "c"]),
        (b"b", None, ["b"]),
        (b"b", b"42", ["b"]),
        (None, b'{"order": "c", "id": 7}', ["c"]),
        (b"", b'["a"]', []),
        (None, b'{"id": "a"', []),
        (None, b"\xff{", []),
        (None, b"{" * 100_000, []),
    ],
)
def test_a_record_names_what_it_may_be_about(
    key: bytes | None, value: bytes | None, found: list[str]
) -> None:
    assert names(key, value) == found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b'{"id": "order-1", "cents": 42}'),
        (b"order-1", b"42"),
        (b"ada", b'{"order": "order-1", "id": "invoice-7"}'),
        (b"order-1", b'{"id": "invoice-7"}'),
    ],
)
def test_a_record_about_an_order_carries_its_debts(key: bytes | None, value: bytes) -> None:
    trace = history(*ordered("order-1"), appended(2, who=WORKER, key=key, value=value))
    assert subjects(trace) == {1: "order-1", 2: "order-1"}


def test_a_record_that_is_sent_once_more_carries_the_debts_of_the_first() -> None:
    events = [appended(1, value=b"?"), owed(1), appended(2, 1, value=b"?"), appended(3, 2)]
    assert subjects(history(*events)) == {1: "order-1", 2: "order-1"}


def paid(kind: str, *events: t.Event, subject: str = "order-1") -> tuple[list[int], list[int]]:
    """Where in the history such a debt was paid, and where with something else than is owed."""
    debt = debts(history(*events))[kind, subject]
    return [place for place, _ in debt.done], [place for place, _ in debt.other]


OWED = [appended(1), owed_record()]


def test_a_record_that_is_owed_is_paid_by_one_that_counts() -> None:
    kind = f"{RECORD} invoices"
    assert paid(kind, *OWED) == ([], [])
    assert paid(kind, *OWED, invoiced(), invoiced(10, offset=1)) == ([2, 3], [])
    assert paid(kind, *OWED, invoiced(topic="refunds")) == ([], [])
    assert paid(kind, *OWED, invoiced(order="order-2")) == ([], [])
    assert paid(kind, *OWED, invoiced(who="scenario")) == ([], [])
    begun = [*OWED, began(), invoiced(transaction="tx")]
    assert paid(kind, *begun) == ([], [])
    assert paid(kind, *begun, decided("aborted")) == ([], [])
    assert paid(kind, *begun, decided()) == ([3], [])


def test_a_record_that_is_owed_must_say_what_is_owed() -> None:
    kind = f"{RECORD} invoices"
    owes = t.Owed(at=0, message=1, kind=kind, subject="order-1", detail={"cents": 42})
    wrong = appended(2, topic="invoices", who=WORKER, value=b'{"id": "order-1", "cents": 41}')
    right = appended(3, 1, "invoices", who=WORKER, value=b'{"id": "order-1", "cents": 42, "n": 1}')
    assert paid(kind, appended(1), owes, wrong, right) == ([3], [2])


def test_a_row_that_is_owed_is_paid_by_writing_it() -> None:
    kind = f"{ROW} slips"
    owes = t.Owed(at=0, message=1, kind=kind, subject="order-1")

    def wrote(op: str, table: str = "slips", key: str = "order-1", who: str = WORKER) -> t.Event:
        return t.Committed(at=0, who=who, writes=[["put", "other", "x", {}], [op, table, key, {}]])

    assert paid(kind, owes, wrote("insert"), wrote("put")) == ([1, 2], [])
    assert paid(
        kind, owes, wrote("delete"), wrote("put", "done"), wrote("put", key="order-2"),
        wrote("put", who="scenario"),
    ) == ([], [])  # fmt: skip


def test_a_row_with_a_detail_is_paid_by_one_that_says_it() -> None:
    kind = f"{ROW} answers"
    owes = t.Owed(at=0, message=1, kind=kind, subject="order-1", detail={"status": "paid"})

    def wrote(**row: str) -> t.Event:
        return t.Committed(at=0, who=WORKER, writes=[["put", "answers", "order-1", {**row}]])

    assert paid(kind, owes, wrote(status="pending"), wrote(status="paid", by="card"), wrote()) == (
        [2],
        [1, 3],
    )


def test_a_dead_letter_may_be_a_record() -> None:
    events = [promised(), appended(1), owed_dead()]
    assert paid("dead letter", *events, invoiced(topic=DEAD), charged()) == ([3], [])


def test_a_group_that_has_only_committed_reads_what_it_committed() -> None:
    trace = history(appended(), committed(0, group="a"), committed(1, group="b", transaction="tx"))
    assert log(trace).groups == {"orders": ["a", "b"]}


def test_a_group_with_members_reads_what_it_was_handed_besides() -> None:
    trace = history(appended(topic="audit"), rebalanced(worker=[]), polled(topic="audit"))
    assert log(trace).groups == {"audit": ["billing"]}


def test_what_was_cut_off_is_neither_passed_nor_given_back_afterwards() -> None:
    events = [JOIN, appended(1), polled(), truncated(1), crashed(), committed(1), committed(0)]
    assert copies(*events) == {("orders for billing", 1): (3, "LogTruncated")}


def test_a_record_that_stands_where_one_was_cut_off_is_passed_in_its_place() -> None:
    events = [JOIN, appended(1), truncated(1), appended(2), committed(1), committed(0)]
    assert copies(*events) == {
        ("orders for billing", 1): (2, "LogTruncated"),
        ("orders for billing", 2): (3, "Appended"),
    }
