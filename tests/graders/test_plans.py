"""Which faults are worth trying, read from a run without them."""

import pytest

from graders.plans import CANNOT_FAIL, HANDS_OUT, NOUNS, kinds_in, plural, worth_trying
from minibroker.sim.faults import KINDS, Fault, crash
from minibroker.sim.trace import Answered, Requested, Started, Trace


def trace_of(
    *calls: tuple[str, str], did: str = "changed", error: str = "", also: str = ""
) -> Trace:
    """A run of these calls, each (who, operation); all are answered alike."""
    found = Trace()
    for who in dict.fromkeys([who for who, _ in calls] + ([also] if also else [])):
        found.append(Started(at=0, who=who))
    for number, (who, op) in enumerate(calls, 1):
        found.append(Requested(at=0, who=who, number=number, client="x", op=op, args={}))
        found.append(Answered(at=0, who=who, number=number, error=error, did=did))
    return found


def of(*ops: str, who: str = "worker#1", **answered: str) -> Trace:
    return trace_of(*((who, op) for op in ops), **answered)


def tried(trace: Trace, kind: str, after: int = 0, spared: tuple[str, ...] = ()) -> list[int]:
    """At which effects a fault of this kind is tried."""
    found = worth_trying(trace, (kind,), after, spared)
    assert {fault.kind for fault in found} <= {kind}
    return [fault.at for fault in found]


LIFE = ("connect", "channel_open", "receive", "charge", "sleep", "basic_ack", "basic_get")


@pytest.mark.parametrize("kind", ["crash", "pause"])
def test_a_process_is_crashed_and_paused_after_everything_that_changed_something(kind: str) -> None:
    assert tried(of(*LIFE), kind) == [1, 2, 3, 4, 5, 6, 7]
    assert tried(of(*LIFE, error="CardDeclined"), kind) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("did", ["read", "idle"])
def test_nothing_is_tried_at_what_changed_nothing(kind: str, did: str) -> None:
    trace = trace_of(*(("worker#1", op) for op in LIFE), did=did, also="other#1")
    assert tried(trace, kind) == []


def test_a_call_fails_where_it_can_and_did_not() -> None:
    assert tried(of(*LIFE), "definite") == [3, 4, 6, 7]
    assert tried(of(*LIFE, error="CardDeclined"), "definite") == []


def test_an_answer_is_lost_where_the_effect_is_done_for_good() -> None:
    assert tried(of(*LIFE), "indefinite") == [4, 6]
    assert tried(of(*LIFE, error="CardDeclined"), "indefinite") == []


def test_a_message_comes_once_more_where_one_was_handed_out() -> None:
    assert tried(of(*LIFE), "duplicate") == [3, 7]
    assert tried(of("receive", did="idle"), "duplicate") == []
    assert tried(of("basic_get", did="idle"), "duplicate") == []


def test_a_preemption_needs_somebody_else_to_go_first() -> None:
    two = trace_of(("worker-1#1", "charge"), ("worker-2#1", "charge"))
    assert tried(two, "preempt") == [1, 2]
    assert tried(of(*LIFE), "preempt") == []
    assert tried(trace_of(("worker-1#1", "charge"), also="worker-2#1"), "preempt") == [1]


def with_reads(*calls: tuple[str, str]) -> Trace:
    """A run of two processes, in which ``get`` reads, ``sleep`` waits and all else changes."""
    did = {"get": "read", "sleep": "idle"}
    found = Trace()
    for who in ("worker-1#1", "worker-2#1"):
        found.append(Started(at=0, who=who))
    for number, (who, op) in enumerate(calls, 1):
        found.append(Requested(at=0, who=who, number=number, client="x", op=op, args={}))
        found.append(Answered(at=0, who=who, number=number, did=did.get(op, "changed")))
    return found


def test_a_reader_is_preempted_before_it_changes_something_on_what_it_has_read() -> None:
    trace = with_reads(*[("worker-1#1", op) for op in ("get", "get", "commit", "get")])
    assert tried(trace, "preempt") == [2, 3]
    assert tried(trace, "pause") == tried(trace, "crash") == [3]


def test_a_reader_that_waits_before_it_changes_something_is_not_preempted() -> None:
    trace = with_reads(*[("worker-1#1", op) for op in ("get", "sleep", "get", "commit")])
    assert tried(trace, "preempt") == [3, 4]


def test_another_ones_change_does_not_rest_on_what_somebody_has_read() -> None:
    trace = with_reads(("worker-1#1", "get"), ("worker-2#1", "commit"), ("worker-1#1", "sleep"))
    assert tried(trace, "preempt") == [2]


def test_an_incarnation_of_its_own_is_nobody_else() -> None:
    assert tried(trace_of(("worker-1#1", "charge"), ("worker-1#2", "charge")), "preempt") == []


def test_a_spared_process_is_no_company() -> None:
    both = trace_of(("topology#1", "queue_declare"), ("worker#1", "charge"))
    assert tried(both, "preempt") == [1, 2]
    assert tried(both, "preempt", spared=("topology",)) == []


@pytest.mark.parametrize("kind", ["crash", "definite", "indefinite", "pause"])
def test_a_spared_process_is_spared_in_all_its_incarnations_and_no_other_is(kind: str) -> None:
    trace = trace_of(
        *(("topology#1", "charge"), ("topology#2", "charge"), ("topology-1#1", "charge")),
        *(("worker-1#1", "charge"), ("worker-10#1", "charge")),
    )
    assert tried(trace, kind, spared=("topology",)) == [3, 4, 5]
    assert tried(trace, kind, spared=("topology", "worker-1")) == [3, 5]
    assert tried(trace, kind, spared=("worker",)) == [1, 2, 3, 4, 5]


def test_only_effects_after_a_number_are_looked_at() -> None:
    assert tried(of(*LIFE), "crash", after=5) == [6, 7]
    assert tried(of(*LIFE), "crash", after=7) == []


def test_faults_come_kind_by_kind_in_the_order_that_was_asked_for() -> None:
    trace = of("charge", "basic_ack")
    assert worth_trying(trace, ("pause", "crash")) == [
        Fault("pause", 1), Fault("pause", 2), crash(1), crash(2),
    ]  # fmt: skip
    assert worth_trying(trace, ()) == []
    assert worth_trying(Trace(), KINDS) == []


def test_an_effect_that_was_never_answered_has_no_faults() -> None:
    trace = of("charge")
    trace.append(Requested(at=0, who="worker#1", number=2, client="x", op="receive", args={}))
    assert tried(trace, "crash") == [1]


def test_what_hands_out_can_fail() -> None:
    assert not HANDS_OUT & CANNOT_FAIL


def test_every_kind_of_fault_has_its_words() -> None:
    assert set(NOUNS) == set(KINDS)
    assert [plural(kind, 1) for kind in KINDS] == [
        *("1 crash", "1 definite error", "1 indefinite error", "1 pause", "1 preemption"),
        "1 duplicate",
    ]
    assert [plural(kind, 2) for kind in KINDS] == [
        *("2 crashes", "2 definite errors", "2 indefinite errors", "2 pauses", "2 preemptions"),
        "2 duplicates",
    ]
    assert plural("crash", 0) == "0 crashes"


def test_kinds_are_counted_in_the_order_they_first_come() -> None:
    faults = [Fault("pause", 1), crash(1), Fault("pause", 2), crash(3), Fault("duplicate", 1)]
    assert list(kinds_in(faults)) == [("pause", 2), ("crash", 2), ("duplicate", 1)]
    assert list(kinds_in([])) == []
