"""Rows of a timeline that tell of logs, on traces of a few events."""

from dataclasses import replace

import pytest

from graders.judges import Finding, judge
from graders.timeline import build
from graders.timeline_svg import svg
from graders.timeline_text import text
from minibroker.sim import trace as t
from minibroker.sim.values import Value
from tests.graders.events import asked, delivered, drawn, failed, owed, published, settled, told
from tests.graders.judges.history import charged, declined, history
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
from tests.graders.stories import run_of

WORKER = "worker#1"


def called(op: str, number: int = 1, **args: object) -> t.Requested:
    return asked(number, op, "kafka", **args)


def answered(number: int = 1, value: Value = None, did: str = "changed") -> t.Answered:
    return t.Answered(at=0, who=WORKER, number=number, value=value, did=did)


# --- records ---------------------------------------------------------------------------------


def test_a_record_is_an_arrow_to_its_partition_and_from_it() -> None:
    assert told(drawn(*ordered("order-1"), polled())) == [
        ("producer", "orders/0", "append order-1 (offset 0)"),
        ("orders/0", WORKER, "poll order-1 (offset 0)"),
    ]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (appended(5, 3, value=b'{"id": "invoice-7"}'), "invoice-7 (offset 3)"),
        (appended(5, 3, key=b"ada", value=b"?"), "ada (offset 3)"),
        (appended(5, 3, value=b"?"), "a record (offset 3)"),
        (appended(5, 3, key=b"\x1b[31m", value=b"?"), "\ufffd[31m (offset 3)"),
        (replace(appended(5, 3), value=None), "a record (offset 3)"),
    ],
)
def test_a_record_that_owes_nothing_is_named_by_what_it_says(record: t.Appended, name: str) -> None:
    assert told(drawn(record)) == [("producer", "orders/0", f"append {name}")]


def test_a_record_of_an_order_that_came_before_is_told_from_it_by_its_place() -> None:
    assert [row[2] for row in told(drawn(*ordered("order-1"), invoiced(offset=4)))] == [
        "append order-1 (offset 0)",
        "append order-1 (offset 4)",
    ]


def test_records_that_are_sent_or_polled_together_share_a_row() -> None:
    two = ordered("order-1", "order-2")
    assert told(drawn(*two[1::2], *two[::2], polled(), polled(2, 1))) == [
        ("producer", "orders/0", "append order-1 (offset 0), order-2 (offset 1)"),
        ("orders/0", WORKER, "poll order-1 (offset 0), order-2 (offset 1)"),
    ]


def test_a_batch_that_came_again_is_seen_to_be_ignored() -> None:
    ignored = t.AppendIgnored(at=0, who=WORKER, topic="orders", partition=1, offset=7)
    timeline = drawn(ignored)
    assert told(timeline) == [
        (WORKER, "orders/1", "append again what stands at offset 7: a duplicate, ignored")
    ]
    assert "stroke-dasharray" in svg(timeline)


def test_partitions_are_lanes_between_queues_and_processes_in_their_order() -> None:
    timeline = drawn(
        *(published(1, "refunds"), appended(2, partition=2), appended(3, partition=0)),
        *(invoiced(4), appended(5, partition=1), polled(3), committed(1, partition=10)),
        *(charged(), replace(delivered(1), queue="refunds")),
    )
    assert [lane.name for lane in timeline.lanes] == [
        *("producer", "refunds", "orders/0", "orders/1", "orders/2", "orders/10", "invoices/0"),
        *(WORKER, "payments"),
    ]
    assert {lane.kind for lane in timeline.lanes} == {
        *("producer", "queue", "partition", "process", "ledger")
    }


# --- numbers ---------------------------------------------------------------------------------


def numbers(*events: t.Event) -> list[int | None]:
    return [row.number for row in drawn(*events).rows]


def test_what_a_poll_hands_out_is_its_effect_however_long_it_waited() -> None:
    later = replace(polled(), at=5_000_000)
    there = replace(answered(4, {"record": {}}), at=5_001_000)
    assert numbers(called("poll", 4), later, there) == [4]
    assert numbers(called("poll", 4), later, there, replace(polled(2, 1), at=6)) == [4, None]
    assert numbers(called("flush", 4), later) == [None]


def test_what_a_process_waited_for_has_its_number_and_what_its_client_does_has_none() -> None:
    assert numbers(called("flush", 4), appended(who=WORKER)) == [4]
    assert numbers(called("flush", 4), replace(appended(who=WORKER), at=5_000)) == [None]
    assert numbers(called("commit", 4), committed(), committed(2)) == [4, 4]
    assert numbers(committed(by_itself=True)) == [None]


def test_a_poll_that_ended_with_an_error_waits_for_nothing() -> None:
    assert numbers(called("poll", 4), failed(4, "KafkaException", "x"), assigned())[-1] is None


# --- offsets, transactions, groups, brokers --------------------------------------------------


def fenced(what: str = "produce", error: str = "INVALID_PRODUCER_EPOCH") -> t.Fenced:
    return t.Fenced(at=0, who=WORKER, what=what, error=error)


def led(leader: int = 2, epoch: int = 3, clean: bool = True) -> t.LeaderChanged:
    return t.LeaderChanged(
        at=0, topic="orders", partition=0, leader=leader, epoch=epoch, isr=[2, 3], clean=clean
    )


P = "orders/0"


@pytest.mark.parametrize(
    ("event", "row"),
    [
        (committed(3), (WORKER, P, "commit offset 3 for billing")),
        (committed(3, by_itself=True), (WORKER, P, "auto-commit offset 3 for billing")),
        (
            committed(3, transaction="tx"),
            (WORKER, P, "send offset 3 for billing in transaction tx"),
        ),
        (
            invoiced(transaction="tx"),
            (WORKER, "invoices/0", "append order-1 (offset 0) in transaction tx"),
        ),
        (began(), (WORKER, "", "transaction tx begins")),
        (decided(), (WORKER, "", "transaction tx is committed")),
        (decided("aborted"), (WORKER, "", "transaction tx is aborted")),
        (
            decided("aborted", why="fenced"),
            (WORKER, "", "transaction tx is aborted: its id was taken over"),
        ),
        (
            decided("aborted", who="broker", why="timeout"),
            ("", "", "transaction tx is aborted: its time was over"),
        ),
        (
            fenced(),
            (WORKER, "", "fenced off: its produce is refused, INVALID_PRODUCER_EPOCH"),
        ),
        (
            rebalanced(worker_1=[0, 1], worker_2=[2]),
            (
                *("", ""),
                "billing, generation 1: worker-1#1 has orders/0, orders/1, worker-2#1 has orders/2",
            ),
        ),
        (rebalanced(), ("", "", "billing, generation 1: no member")),
        (rebalanced(worker=[]), ("", "", "billing, generation 1: worker#1 has nothing")),
        (
            rebalanced(worker_1=[0], worker_2=[]),
            ("", "", "billing, generation 1: worker-1#1 has orders/0, worker-2#1 has nothing"),
        ),
        (assigned(WORKER, 0, 1), (WORKER, "", "is given orders/0, orders/1")),
        (revoked(WORKER, 1), (WORKER, "", "is to give up orders/1")),
        (revoked(lost=True), (WORKER, "", "has lost orders/0")),
        (left(why="left"), (WORKER, "", "leaves billing")),
        (left(), (WORKER, "", "is out of billing: session timeout")),
        (led(), (P, "", "is led by broker 2 from now on, epoch 3")),
        (
            led(clean=False),
            (P, "", "is led by broker 2 from now on, epoch 3, which was not in sync"),
        ),
        (led(-1), (P, "", "is led by no broker")),
        (
            t.IsrChanged(at=0, topic="orders", partition=0, isr=[1, 3]),
            (P, "", "in sync: 1, 3"),
        ),
        (truncated(offset=5), (P, "", "broker 2 gives up what it has from offset 5 on")),
        (t.BrokerStopped(at=0, broker=1), ("", "", "broker 1 stops")),
        (t.BrokerStopped(at=0, broker=1, how="cut off"), ("", "", "broker 1 is cut off")),
        (t.BrokerStarted(at=0, broker=1), ("", "", "broker 1 is there again")),
    ],
)
def test_a_row_says_what_happened_to_a_log(event: t.Event, row: tuple[str, str, str]) -> None:
    assert told(drawn(event)) == [row]


def test_the_first_leader_of_a_partition_is_no_change() -> None:
    assert told(drawn(led(epoch=0))) == []


def test_what_is_gone_for_good_is_named() -> None:
    events = [*ordered("order-1", "order-2"), truncated(1, 2)]
    assert told(drawn(*events))[-1][2] == (
        "broker 2 gives up what it has from offset 0 on; gone for good: order-1 (offset 0), "
        "order-2 (offset 1)"
    )


def test_offsets_of_two_partitions_are_an_arrow_to_each() -> None:
    both = t.OffsetsCommitted(
        at=0, who=WORKER, group="g", offsets=[["orders", 0, 3], ["orders", 1, 5]]
    )
    assert told(drawn(both)) == [
        (WORKER, "orders/0", "commit offset 3 for g"),
        (WORKER, "orders/1", "commit offset 5 for g"),
    ]


# --- calls -----------------------------------------------------------------------------------

ASSIGN: Value = [["orders", 0, -1, ""], ["orders", 1, 7, ""]]


@pytest.mark.parametrize(
    ("request_", "answer", "texts"),
    [
        (called("subscribe", topics=["a", "b"]), answered(), ["subscribe to a, b"]),
        (called("assign", partitions=ASSIGN), answered(), ["assign orders/0, orders/1"]),
        (
            called("incremental_unassign", partitions=ASSIGN[1:]),
            answered(),
            ["incremental_unassign orders/1"],
        ),
        (called("assign", partitions=[]), answered(), ["assign nothing"]),
        (
            called("seek", partitions=ASSIGN[1:]),
            answered(did="read"),
            ["seek orders/1 to offset 7"],
        ),
        (
            called("pause", partitions=ASSIGN, pauses=True),
            answered(did="read"),
            ["pause orders/0, orders/1"],
        ),
        (
            called("resume", partitions=ASSIGN, pauses=False),
            answered(did="read"),
            ["resume orders/0, orders/1"],
        ),
        (called("poll", timeout=1.5), answered(did="idle"), ["poll 1.5 s: nothing there"]),
        (called("poll", timeout=None), answered(did="idle"), ["poll: nothing there"]),
        (
            called("consume", timeout=1, most=5),
            answered(value={"records": []}, did="idle"),
            ["poll 1 s: nothing there"],
        ),
        (
            called("poll"),
            answered(value={"error": {"code": 3, "text": "no\nsuch topic"}}, did="read"),
            ["poll: an error, no such topic"],
        ),
        (called("init_transactions"), answered(), ["init_transactions()"]),
        (called("flush", committing=True), answered(value=[]), ["commit_transaction()"]),
        (called("flush"), answered(value=[], did="read"), []),
        (called("consumer_new", config={}), answered(value=1), []),
        (called("finish"), answered(), []),
        (called("close"), answered(value={"revoke": [["orders", 0]], "lost": False}), []),
        (called("close"), answered(), ["close()"]),
        (
            called("produce", topic="orders", key=None, value=b'{"id": "order-1"}'),
            answered(value=1, did="read"),
            ["produce order-1 to orders: it never leaves the client"],
        ),
        (
            called("produce", topic="orders", key=None, value=None),
            answered(value=1, did="read"),
            ["produce a record to orders: it never leaves the client"],
        ),
        (
            called("commit", asynchronous=False),
            failed(1, "KafkaException", "_TIMED_OUT"),
            ["commit() refused: KafkaException: _TIMED_OUT"],
        ),
        (
            called("subscribe", topics=["a"]),
            failed(1, "KafkaException", "x"),
            ["subscribe() refused: KafkaException: x"],
        ),
        (
            called("send_offsets"),
            failed(1, "KafkaException", "x"),
            ["send_offsets_to_transaction() refused: KafkaException: x"],
        ),
    ],
)
def test_a_call_is_told_by_what_it_did(
    request_: t.Requested, answer: t.Answered, texts: list[str]
) -> None:
    assert [row[2] for row in told(drawn(request_, answer))] == texts


def test_a_call_whose_doing_has_a_row_has_no_other() -> None:
    flushed = [called("flush"), appended(who=WORKER), answered(value=[])]
    assert [row[2] for row in told(drawn(*flushed))] == ["append order-1 (offset 0)"]
    given = [called("poll"), assigned(), answered(value={"assign": [["orders", 0]]})]
    assert [row[2] for row in told(drawn(*given))] == ["is given orders/0"]


def test_a_produced_record_that_was_sent_has_only_the_row_of_its_append() -> None:
    def produce(number: int) -> t.Requested:
        return called("produce", number, topic="orders", key=None, value=b"x")

    sent = appended(1, 0, who=WORKER, value=b"x")
    assert [row[2] for row in told(drawn(produce(1), produce(2), sent))] == [
        "produce a record to orders: it never leaves the client",
        "append a record (offset 0)",
    ]
    again = appended(2, 1, who=WORKER, value=b"x")
    assert [row[2] for row in told(drawn(produce(1), produce(2), sent, again))] == [
        "append a record (offset 0), a record (offset 1)"
    ]
    others = [
        appended(1, who="other#1", value=b"x"),
        appended(2, topic="t", who=WORKER, value=b"x"),
    ]
    assert len(told(drawn(produce(1), *others))) == 3


def test_a_poll_in_vain_that_is_repeated_is_told_by_a_number() -> None:
    idle = [called("poll", 1, timeout=1), answered(1, did="idle")]
    again = [called("poll", 2, timeout=1), answered(2, did="idle")]
    assert [row[2] for row in told(drawn(*idle, *again))] == ["poll 1 s: nothing there (2 times)"]


def test_polls_in_vain_are_one_row_until_their_process_does_something_else() -> None:
    def idle(number: int) -> list[t.Event]:
        return [called("poll", number, timeout=1), answered(number, did="idle")]

    vain = "poll 1 s: nothing there"
    others = [appended(1), polled(1, who="other#1"), assigned("other#1")]
    assert told(drawn(*idle(1), *others, *idle(2)))[0][2] == f"{vain} (2 times)"
    for between in ([polled()], [assigned()], [revoked()], [called("commit", 9)], [asked(9, "x")]):
        rows = [row[2] for row in told(drawn(*idle(1), *others, *between, *idle(2)))]
        assert (rows[0], rows[-1]) == (vain, vain)
    longer = [called("poll", 2, timeout=2), answered(2, did="idle")]
    assert [row[2] for row in told(drawn(*idle(1), *longer))] == [vain, "poll 2 s: nothing there"]


def test_how_groups_end_when_all_is_over_is_left_out() -> None:
    ended = t.Exited(at=0, who=WORKER, how="interrupted")
    over = [left(), rebalanced()]
    assert len(told(drawn(ended, *over))) == 1
    assert len(told(drawn(*over, ended))) == 3
    assert len(told(drawn(t.Crashed(at=0, who=WORKER, number=1), *over, ended))) == 4


# --- crashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "text_"),
    [
        ([called("poll"), polled()], "crash before it sees order-1 (offset 0)"),
        ([called("poll")], "crash before it sees the answer"),
        ([called("commit"), committed()], "crash: the answer to commit() never came"),
        (
            [called("flush", committing=True)],
            "crash: the answer to commit_transaction() never came",
        ),
    ],
)
def test_a_crash_is_told_by_the_call_it_cut_off(events: list[t.Event], text_: str) -> None:
    crash = t.Crashed(at=0, who=WORKER, number=1)
    assert told(drawn(*ordered("order-1"), *events, crash))[-1] == (WORKER, "", text_)


# --- notes -----------------------------------------------------------------------------------

ONE, TWO = "worker-1#1", "worker-2#1"
GONE = [
    *(*ordered("order-1"), assigned(ONE), polled(who=ONE), assigned(TWO), charged(who=ONE)),
]
DIRTY = [*ordered("order-1"), began(), invoiced(transaction="tx")]
READ = [polled(9, 0, "m#1", "mailing", "invoices"), charged(who="m#1", kind="email")]


@pytest.mark.parametrize(
    ("anomaly", "events", "notes"),
    [
        (
            "lost_message",
            [*ordered("order-1"), polled(), committed()],
            ["gone for good, never charged"],
        ),
        (
            "lost_message",
            [appended(), owed_record(), polled(), committed()],
            ["gone for good, never made"],
        ),
        (
            "duplicate_effect",
            [appended(), owed_record(), invoiced(9), invoiced(10, offset=1)],
            ["first time", "made again"],
        ),
        ("stuck", [*ordered("order-1"), polled(), committed(0)], ["never committed"]),
        ("stuck", ordered("order-1"), ["waits, and nobody takes it"]),
        ("stuck", [began()], ["never ended"]),
        ("dirty_read", [*DIRTY, *READ], ["not certain to exist", "made from it"]),
        (
            "reordered",
            [*ordered("order-1", "order-2", key=b"a"), charged("order-2"), charged()],
            ["was to come later", "comes too late"],
        ),
        ("skipped_offset", [appended(), committed()], ["goes past it"]),
        (
            "skipped_offset",
            [*ordered("order-1"), polled(), declined(), committed()],
            ["failed", "goes past it"],
        ),
        ("zombie_write", GONE, ["has a new owner", "by a zombie"]),
    ],
)
def test_an_anomaly_has_its_notes(anomaly: str, events: list[t.Event], notes: list[str]) -> None:
    run = run_of(*history(*events))
    timeline = build(run, judge(anomaly).find(run.trace))
    assert [row.note for row in timeline.rows if row.anomaly] == notes


def test_a_whole_story_can_be_read() -> None:
    events = [
        *(rebalanced(worker=[0]), assigned(), *ordered("order-1", "order-2"), polled()),
        *(declined("order-1"), polled(2, 1), charged("order-2"), committed(2)),
    ]
    run = run_of(*history(*events))
    assert text(build(run, judge("skipped_offset").find(run.trace))) == (
        """\
A run without faults

time/s  effect  from       to          what
 0.000                                 billing, generation 1: worker#1 has orders/0
 1.000          worker#1               is given orders/0
 2.000          producer → orders/0    append order-1 (offset 0)
 4.000          producer → orders/0    append order-2 (offset 1)
 6.000          orders/0 → worker#1    poll order-1 (offset 0)
 7.000          worker#1 → payments    charge order-1 not made: GatewayUnavailable  ◀ failed
 8.000          orders/0 → worker#1    poll order-2 (offset 1)
 9.000          worker#1 → payments    charge order-2, 0.42
10.000          worker#1 → orders/0    commit offset 2 for billing  ◀ goes past it"""
    )


def test_a_picture_of_a_log_is_drawn_with_its_partitions() -> None:
    picture = svg(drawn(*ordered("order-1"), polled(), rebalanced(worker=[0])))
    assert ">orders/0</text>" in picture
    assert ">partition</text>" in picture
    assert "billing, generation 1" in picture


def test_findings_of_nothing_in_a_log_are_no_notes() -> None:
    run = run_of(*ordered("order-1"))
    assert not any(row.anomaly for row in build(run, []).rows)
    assert [row.note for row in build(run, [Finding("stuck", "", (0,))]).rows if row.anomaly]


def test_a_message_in_a_queue_is_named_as_ever() -> None:
    both = [published(1, "orders"), owed(1, "order-1"), appended(2, who=WORKER)]
    assert [row[2] for row in told(drawn(*both))] == [
        "publish order-1",
        "append order-1 (offset 0)",
    ]


def test_a_message_that_was_lost_from_a_queue_is_noted_as_ever() -> None:
    again = published(2, "later", who=WORKER)
    gone = t.Settled(at=0, who=WORKER, queue="later", message=2, how="acked")
    events = [published(1, "orders"), owed(1, "order-1"), settled(1), again, gone]
    run = run_of(*events)
    timeline = build(run, [Finding("lost_message", "order-1 was lost: x, and no y", (4,))])
    assert [row.note for row in timeline.rows if row.anomaly] == ["gone for good, never done"]
