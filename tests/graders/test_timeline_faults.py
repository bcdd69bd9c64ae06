"""Rows for faults that leave the process alive, and for side effects that were declined."""

import pytest

from minibroker.sim import trace as t
from tests.graders.events import answered, asked, drawn, failed, faulted, owed, taken, texts, told

CHARGE = t.SideEffect(at=0, who="worker#1", kind="charge", subject="order-1")


@pytest.mark.parametrize(
    ("kind", "words", "title"),
    [
        (
            "definite",
            "fault: charge() fails and has done nothing",
            "effect 3 of worker#1 fails",
        ),
        (
            "indefinite",
            "fault: charge() has happened, and its caller gets an error",
            "effect 3 of worker#1 happens and fails",
        ),
        (
            "pause",
            "fault: a long pause before the answer to charge()",
            "worker#1 is paused at effect 3",
        ),
        (
            "preempt",
            "fault: others go first, before the answer to charge()",
            "others go before worker#1 at effect 3",
        ),
        (
            "duplicate",
            "fault: what charge() delivered comes once more",
            "what worker#1 gets at effect 3 comes twice",
        ),
        ("flood {x}", "fault: flood {x} at charge()", "flood {x} at effect 3 of worker#1"),
    ],
)
def test_a_fault_has_a_marked_row_and_gives_the_run_its_title(
    kind: str, words: str, title: str
) -> None:
    timeline = drawn(asked(3, "charge", "payments"), faulted(3, kind))
    assert told(timeline) == [("worker#1", "", words)]
    assert [(row.fault, row.number) for row in timeline.rows] == [(True, 3)]
    assert timeline.title == title


def test_a_pause_and_a_crash_are_both_in_the_title_in_their_order() -> None:
    timeline = drawn(
        asked(2, "receive"), faulted(2, "pause"), t.Crashed(at=9, who="worker#1", number=5)
    )
    assert timeline.title == "worker#1 is paused at effect 2 and worker#1 crashes at effect 5"


def test_an_error_after_an_effect_that_happened_is_no_refusal() -> None:
    timeline = drawn(
        asked(3, "charge", "payments", order="order-1"), CHARGE, faulted(3, "indefinite"),
        failed(3, "GatewayTimeout", "no answer"),
    )  # fmt: skip
    assert texts(timeline) == [
        "charge order-1",
        "fault: charge() has happened, and its caller gets an error",
        "charge order-1 failed: GatewayTimeout: no answer",
    ]


def test_a_delivery_that_comes_once_more_does_not_name_our_own_call() -> None:
    assert texts(drawn(asked(3, "receive"), taken(3), faulted(3, "duplicate")))[-1] == (
        "fault: what was delivered comes once more"
    )


def test_a_declined_charge_is_one_dashed_row_to_the_ledger() -> None:
    timeline = drawn(
        owed(1, "order-1"), asked(3, "charge", "payments"),
        t.Declined(
            at=0, who="worker#1", kind="charge", subject="order-1", error="CardDeclined"
        ),
        failed(3, "CardDeclined", "no money"), asked(4, "receive"), answered(4, None, "idle"),
    )  # fmt: skip
    assert told(timeline)[:1] == [("worker#1", "payments", "charge order-1 not made: CardDeclined")]
    assert len(timeline.rows) == 2
    assert timeline.rows[0].events == (2, 3)
