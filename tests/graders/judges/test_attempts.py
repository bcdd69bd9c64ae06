"""How often work was tried, as the judges of retries read it."""

from dataclasses import replace

from graders.judges.attempts import MAY_WORK_LATER, failed, faults, policy
from minibroker.clients.payments import ERRORS, GatewayUnavailable
from tests.graders.judges.history import (
    charged,
    crashed,
    declined,
    deduplicated,
    delivered,
    exited,
    faulted,
    gave_up,
    history,
    promised,
    published,
    requeued,
)


def test_a_scenario_that_promises_nothing_has_no_policy() -> None:
    assert policy(history()) is None
    assert policy(history(published(), delivered(), declined())) is None


def test_what_was_promised_last_is_promised() -> None:
    first, last = promised(), replace(promised(delays=(1,)), at=1_000_000)
    assert policy(history(first, last)) == last


def test_every_crash_and_every_other_fault_counts() -> None:
    assert faults(history()) == 0
    kinds = ("definite", "indefinite", "pause", "preempt", "duplicate")
    assert faults(history(crashed(), crashed("worker-2#3"), *map(faulted, kinds))) == 7


def test_what_the_code_does_to_itself_is_no_fault() -> None:
    assert faults(history(exited("raised"), gave_up(), requeued(), declined())) == 0


def test_failed_attempts_are_found_by_their_subject_with_their_places() -> None:
    trace = history(
        *(published(), declined("a"), declined("b", "CardDeclined"), charged("c")),
        *(deduplicated("c"), declined("a", who="worker-2#1")),
    )
    assert {
        subject: [(position, event.error, event.who) for position, event in tries]
        for subject, tries in failed(trace).items()
    } == {
        "a": [(1, "GatewayUnavailable", "worker#1"), (5, "GatewayUnavailable", "worker-2#1")],
        "b": [(2, "CardDeclined", "worker#1")],
    }
    assert failed(history()) == {}


def test_a_trace_that_has_grown_is_read_again() -> None:
    trace = history(declined())
    assert (len(failed(trace)["order-1"]), faults(trace)) == (1, 0)
    trace.append(declined())
    trace.append(crashed())
    assert (len(failed(trace)["order-1"]), faults(trace)) == (2, 1)


def test_two_traces_of_one_length_are_not_mistaken_for_each_other() -> None:
    one, other = history(declined("a")), history(declined("b"))
    assert (list(failed(one)), list(failed(other)), list(failed(one))) == (["a"], ["b"], ["a"])


def test_the_errors_of_what_may_work_later_are_errors_of_the_client() -> None:
    assert {ERRORS[name] for name in MAY_WORK_LATER} == {GatewayUnavailable}
