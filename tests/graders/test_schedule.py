"""What was done to the code in a run, in words."""

import pytest

from graders.schedule import name_of, schedule
from minibroker.sim.faults import KINDS
from minibroker.sim.trace import Crashed, Event, Faulted, Requested
from tests.graders.stories import run_of


def asked(number: int, op: str, who: str = "worker#1", **args: object) -> Requested:
    return Requested(at=0, who=who, number=number, client="x", op=op, args=args)  # type: ignore[arg-type]


def faulted(kind: str, number: int = 5, who: str = "worker#1") -> Faulted:
    return Faulted(at=0, who=who, number=number, kind=kind)


def crashed(number: int = 5, who: str = "worker#1") -> Crashed:
    return Crashed(at=0, who=who, number=number)


def told(op: str, fault: Event) -> str:
    return schedule(run_of(asked(4, "basic_qos"), asked(5, op), asked(6, "basic_ack"), fault))


@pytest.mark.parametrize(
    ("op", "fault", "sentence"),
    [
        (
            "charge",
            crashed(),
            "after worker#1 crashed with charge() done and not yet answered (effect 5)",
        ),
        (
            "basic_publish",
            faulted("definite"),
            "after basic_publish() of worker#1 failed with nothing done (effect 5)",
        ),
        (
            "charge",
            faulted("indefinite"),
            "after charge() of worker#1 was done and its caller got an error (effect 5)",
        ),
        (
            "basic_ack",
            faulted("pause"),
            "after worker#1 stood still for 200 s after basic_ack() (effect 5)",
        ),
        (
            "charge",
            faulted("preempt", who="worker-2#3"),
            "after the others went on before worker-2#3 after charge() (effect 5)",
        ),
        (
            "receive",
            faulted("duplicate"),
            "after the message that worker#1 got by taking a delivery came once more (effect 5)",
        ),
        (
            "basic_get",
            faulted("duplicate"),
            "after the message that worker#1 got by basic_get() came once more (effect 5)",
        ),
    ],
)
def test_a_fault_is_told_in_words(op: str, fault: Event, sentence: str) -> None:
    assert told(op, fault) == sentence


def test_every_kind_of_fault_has_words_of_its_own() -> None:
    others = [kind for kind in KINDS if kind != "crash"]
    assert len({told("receive", crashed()), *(told("receive", faulted(k)) for k in others)}) == 6


def test_a_run_without_faults_is_told_by_saying_nothing() -> None:
    assert schedule(run_of()) == ""
    assert schedule(run_of(asked(1, "charge"))) == ""


def test_faults_are_told_in_the_order_in_which_they_show() -> None:
    run = run_of(
        *(asked(1, "receive"), asked(2, "charge", who="worker#2"), faulted("pause", 1)),
        crashed(2, who="worker#2"),
    )
    assert schedule(run) == (
        "after worker#1 stood still for 200 s after taking a delivery (effect 1) and after "
        "worker#2 crashed with charge() done and not yet answered (effect 2)"
    )


def test_an_effect_that_is_not_in_the_trace_goes_by_its_number() -> None:
    assert schedule(run_of(crashed(9))) == (
        "after worker#1 crashed with effect 9 done and not yet answered (effect 9)"
    )


@pytest.mark.parametrize(
    ("writes", "name"),
    [
        ([["put", "notes", "a", {}]], "put()"),
        ([["insert", "notes", "a", {}]], "insert()"),
        ([["put", "notes", "a", {}], ["put", "notes", "b", {}]], "the transaction's commit"),
        ([], "the transaction's commit"),
        ([[]], "the transaction's commit"),
        ([[1]], "the transaction's commit"),
        (None, "the transaction's commit"),
        ("put", "the transaction's commit"),
    ],
)
def test_a_commit_goes_by_what_it_writes(writes: object, name: str) -> None:
    assert name_of(run_of(asked(1, "commit", writes=writes)).trace, 1) == name


def test_only_a_commit_goes_by_its_writes() -> None:
    assert name_of(run_of(asked(1, "charge", writes=[["put"]])).trace, 1) == "charge()"
