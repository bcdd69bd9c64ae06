"""Kafka's calls by the names that a learner knows, and what faults at them are."""

import pytest

from graders.judges import Finding
from graders.kafka_calls import called
from graders.plans import worth_trying
from graders.schedule import name_of, schedule
from graders.timeline import build
from minibroker.sim.faults import Fault
from minibroker.sim.trace import Answered, Crashed, Event, Faulted, Polled, Requested, Started
from minibroker.sim.values import Value
from tests.graders.stories import run_of


def asked(op: str, number: int = 1, client: str = "kafka", **args: Value) -> Requested:
    return Requested(at=0, who="worker#1", number=number, client=client, op=op, args=args)


def answered(value: Value = None, number: int = 1) -> Answered:
    return Answered(at=0, who="worker#1", number=number, value=value)


def handed(who: str = "worker#1") -> Polled:
    return Polled(at=0, who=who, group="g", message=1, topic="orders", partition=0, offset=0)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (asked("producer_new"), "Producer()"),
        (asked("consumer_new"), "Consumer()"),
        (asked("producer_poll"), "poll()"),
        (asked("send_offsets"), "send_offsets_to_transaction()"),
        (asked("commit"), "commit()"),
        (asked("commit_transaction"), "commit_transaction()"),
        (asked("flush"), "flush()"),
        (asked("flush", committing=False), "flush()"),
        (asked("flush", committing=True), "commit_transaction()"),
        (asked("incremental_assign"), "incremental_assign()"),
        (asked("send_offsets", client="x"), "send_offsets()"),
    ],
)
def test_a_call_goes_by_the_name_that_the_library_has_for_it(
    request_: Requested, name: str
) -> None:
    assert called(request_) == name
    assert name_of(run_of(request_).trace, 1) == name


def test_a_poll_that_handed_out_a_record_is_taking_it() -> None:
    assert name_of(run_of(asked("poll"), handed()).trace, 1) == "taking a record"
    assert name_of(run_of(asked("consume"), handed("other#1"), handed()).trace, 1) == (
        "taking a record"
    )


@pytest.mark.parametrize(("op", "client"), [("poll", "x"), ("commit", "kafka")])
def test_only_kafka_s_polls_take_records(op: str, client: str) -> None:
    request = asked(op, client=client, writes=[["put"]])
    assert name_of(run_of(request, handed()).trace, 1) != "taking a record"


@pytest.mark.parametrize(
    "events",
    [
        [handed(), asked("poll")],
        [asked("poll"), answered(), handed()],
        [asked("poll"), asked("poll", 2), handed()],
        [asked("poll"), handed("worker#2")],
    ],
)
def test_a_poll_that_handed_out_none_is_a_poll(events: list[Event]) -> None:
    assert name_of(run_of(*events).trace, 1) == "poll()"


# --- which faults are tried ----------------------------------------------------------------------

KINDS = ("crash", "definite", "indefinite", "pause", "duplicate")
RECORD: Value = {"record": {"topic": "orders"}}


def tried(request: Requested, value: Value = None) -> list[str]:
    run = run_of(Started(at=0, who="worker#1"), request, answered(value))
    return [fault.kind for fault in worth_trying(run.trace, KINDS)]


@pytest.mark.parametrize(
    ("request_", "value", "kinds"),
    [
        (asked("poll"), RECORD, ["crash", "pause", "duplicate"]),
        (asked("consume"), {"records": [RECORD]}, ["crash", "pause", "duplicate"]),
        (asked("poll"), {"assign": [["orders", 0]]}, ["crash", "pause"]),
        (asked("poll"), {"revoke": [["orders", 0]], "lost": False}, ["crash", "pause"]),
        (asked("subscribe"), None, ["crash", "pause"]),
        (asked("close"), None, ["crash", "pause"]),
        (asked("commit", asynchronous=True), None, ["crash", "pause"]),
        (asked("commit"), None, ["crash", "pause"]),
        (asked("commit", asynchronous=False), [], ["crash", "definite", "indefinite", "pause"]),
        (asked("flush"), [], ["crash", "definite", "indefinite", "pause"]),
        (asked("commit_transaction"), None, ["crash", "definite", "indefinite", "pause"]),
        (asked("send_offsets"), None, ["crash", "definite", "indefinite", "pause"]),
        (asked("commit", client="database"), None, ["crash", "definite", "indefinite", "pause"]),
    ],
)
def test_faults_are_tried_where_somebody_would_see_them(
    request_: Requested, value: Value, kinds: list[str]
) -> None:
    assert tried(request_, value) == kinds


def test_a_fault_is_at_the_effect_it_is_read_from() -> None:
    run = run_of(Started(at=0, who="w#1"), asked("flush", 4), answered([], 4))
    assert worth_trying(run.trace, ("definite",)) == [Fault("definite", 4)]


# --- in words ------------------------------------------------------------------------------------


def told(request: Requested, kind: str, *more: Event) -> tuple[str, str, str]:
    """A fault's words in a verdict, in a timeline's title, and in its row."""
    fault: Event = Faulted(at=0, who="worker#1", number=1, kind=kind)
    if kind == "crash":
        fault = Crashed(at=0, who="worker#1", number=1)
    run = run_of(Started(at=0, who="worker#1"), request, *more, fault)
    timeline = build(run, [Finding("stuck", "", ())])
    [row] = [row for row in timeline.rows if row.fault]
    return schedule(run), timeline.title, row.text


@pytest.mark.parametrize("op", ["produce", "flush", "producer_poll"])
def test_what_a_producer_loses_on_the_way_is_sent_again(op: str) -> None:
    name = called(asked(op))
    assert told(asked(op), "definite") == (
        f"after a request of worker#1 got lost at {name}, and its client sent it again (effect 1)",
        "a request of worker#1 gets lost at effect 1",
        "fault: a request gets lost, and its client will send it again",
    )
    assert told(asked(op), "indefinite") == (
        f"after the answer to a request of worker#1 got lost at {name}, and its client sent it "
        "again (effect 1)",
        "the answer to a request of worker#1 gets lost at effect 1",
        "fault: the answer to a request gets lost, and its client sends it again",
    )


def test_what_a_caller_sees_fail_is_told_as_everywhere() -> None:
    assert told(asked("commit_transaction"), "indefinite") == (
        "after commit_transaction() of worker#1 was done and its caller got an error (effect 1)",
        "effect 1 of worker#1 happens and fails",
        "fault: commit_transaction() has happened, and its caller gets an error",
    )
    assert told(asked("flush", client="x"), "definite")[0] == (
        "after flush() of worker#1 failed with nothing done (effect 1)"
    )
    assert told(asked("commit", asynchronous=False), "definite")[2] == (
        "fault: commit() fails and has done nothing"
    )


def test_a_record_that_comes_once_more_was_appended_once_more() -> None:
    assert told(asked("poll"), "duplicate", handed()) == (
        "after the message that worker#1 got by taking a record came once more (effect 1)",
        "what worker#1 gets at effect 1 comes twice",
        "fault: what was handed out is appended once more",
    )


def test_a_crash_names_the_call() -> None:
    said, title, _ = told(asked("send_offsets"), "crash")
    assert title == "worker#1 crashes at effect 1"
    assert said == (
        "after worker#1 crashed with send_offsets_to_transaction() done and not yet answered "
        "(effect 1)"
    )
