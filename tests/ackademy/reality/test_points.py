"""Where in a real protocol an effect of the simulator is."""

import pytest

from ackademy.reality.points import Counting, NoPoint, Op, Point, about, entry_of, point_of
from graders.content import chaffs, wheats
from graders.explore import launcher, run
from graders.spec import load
from minibroker.sim.faults import Fault
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Requested, Trace


def fault_free(exercise: str, name: str) -> Trace:
    """The trace of a wheat or chaff to which nothing is done."""
    sources = {each.name: each.source for each in (*wheats(exercise), *chaffs(exercise))}
    spec = load(exercise)
    return run(spec, launcher(spec, Inline(sources[name]), 0), (), 0).trace


@pytest.fixture(scope="module")
def worker() -> Trace:
    return fault_free("dead_letter_queue", "acks_before_it_moves")


@pytest.fixture(scope="module")
def biller() -> Trace:
    return fault_free("exactly_once", "lets_it_crash")


def place(trace: Trace, op: str, nth: int = 1) -> int:
    """The number of the nth effect of that name."""
    return [each.number for each in trace.of(Requested) if each.op == op][nth - 1]


def test_a_crash_after_an_ack_is_after_the_ack_of_that_order(worker: Trace) -> None:
    at = place(worker, "basic_ack", 2)
    found = point_of(worker, Fault("crash", at))
    assert found == Point("worker", Op("basic_ack", "order-51"), 1, "after", "crash")


def test_a_crash_with_a_message_in_hand_is_before_what_comes_next(worker: Trace) -> None:
    at = place(worker, "receive")
    found = point_of(worker, Fault("crash", at))
    assert found == Point("worker", Op("basic_ack", "order-50"), 1, "before", "crash")


def test_the_same_request_about_the_same_order_is_counted(worker: Trace) -> None:
    charges = [
        each.number
        for each in worker.of(Requested)
        if each.op == "charge" and each.args["order"] == "order-51"
    ]
    found = point_of(worker, Fault("indefinite", charges[2]))
    assert found == Point("worker", Op("charge", "order-51"), 3, "after", "indefinite")


def test_a_call_that_fails_with_nothing_done_is_stopped_before(worker: Trace) -> None:
    at = place(worker, "basic_publish")
    assert point_of(worker, Fault("definite", at)).when == "before"


def test_a_message_that_says_nothing_is_known_by_its_text() -> None:
    assert about(b'{"id": "order-1", "cents": 12') == '{"id": "order-1", "cents": 12'
    assert about(b'{"id": "order-1", "cents": 12}') == "order-1"


def test_a_commit_is_known_by_the_invoice_in_its_transaction(biller: Trace) -> None:
    at = place(biller, "commit_transaction")
    found = point_of(biller, Fault("crash", at))
    assert found == Point("biller", Op("commit_transaction", "order-50"), 1, "after", "crash")


def test_offsets_are_known_by_their_partition(biller: Trace) -> None:
    at = place(biller, "send_offsets")
    assert point_of(biller, Fault("crash", at)).op == Op("send_offsets", "orders/0")


def test_records_that_leave_are_known_by_what_is_in_them(biller: Trace) -> None:
    at = place(biller, "flush")
    assert point_of(biller, Fault("crash", at)).op == Op("produce", "order-50")


def test_what_a_kafka_client_sends_again_by_itself_cannot_fail_for_real(biller: Trace) -> None:
    with pytest.raises(NoPoint, match="again by itself"):
        point_of(biller, Fault("definite", place(biller, "commit_transaction")))


def test_a_worker_on_rabbitmq_would_have_to_stand_still_for_minutes(worker: Trace) -> None:
    with pytest.raises(NoPoint, match="minutes"):
        point_of(worker, Fault("pause", place(worker, "charge")))


def test_what_passes_no_wire_has_no_point(biller: Trace) -> None:
    with pytest.raises(NoPoint, match="subscribe"):
        point_of(biller, Fault("crash", place(biller, "subscribe")))


def test_all_processes_of_a_role_are_counted_together() -> None:
    counting = Counting([Point("biller", Op("produce", "order-1"), 2, "after", "crash")])
    first = counting.comes(entry_of("biller-1#1"), Op("produce", "order-1"))
    other = counting.comes(entry_of("biller-2#1"), Op("produce", "order-2"))
    second = counting.comes(entry_of("biller-2#3"), Op("produce", "order-1"))
    assert (first, other) == (None, None)
    assert second is not None
    assert not counting.points
