"""How things stand after the events so far, on traces of a few events."""

import pytest

from graders.scene import MOST, MOST_GONE, Scene
from minibroker.sim import trace as t
from tests.graders import stories
from tests.graders.events import (
    answered,
    asked,
    dead_lettered,
    delivered,
    faulted,
    owed,
    published,
    requeued,
    settled,
)

STARTED = t.Started(at=0, who="worker#1")
CHARGE = t.SideEffect(
    at=0, who="worker#1", kind="charge", subject="order-1", detail={"cents": 4200}
)


def after(*events: t.Event) -> dict:
    run = stories.run_of(*events)
    scene = Scene(run.trace)
    for event in run.trace:
        scene.tell(event)
    return scene.shown


def queues(*events: t.Event) -> dict[str, tuple[list[str], list[str], list[str]]]:
    return {
        each["name"]: (each["ready"], each["unacked"], each["gone"])
        for each in after(*events)["queues"]
    }


def process(*events: t.Event) -> tuple[str, str, str]:
    [one] = after(*events)["processes"]
    return one["name"], one["state"], one["words"]


def outside(*events: t.Event) -> list[tuple[str, str, bool]]:
    return [(each["name"], each["words"], each["wrong"]) for each in after(*events)["outside"]]


# --- queues ----------------------------------------------------------------------------------

TWO = (published(1, "orders"), owed(1, "order-1"), published(2, "orders"), owed(2, "order-2"))


def test_what_was_published_is_ready_in_each_queue_it_reached() -> None:
    assert queues(published(1, "orders", "audit"), owed(1, "order-1")) == {
        "orders": (["order-1"], [], []),
        "audit": (["order-1"], [], []),
    }


def test_what_was_handed_out_is_unacked_and_says_by_whom() -> None:
    assert queues(*TWO, delivered(1)) == {
        "orders": (["order-2"], ["order-1, held by worker#1"], [])
    }


def test_what_comes_back_stands_at_its_old_place_and_says_how_often_it_was_handed_out() -> None:
    assert queues(*TWO, delivered(1), requeued(1, "connection lost"))["orders"][0] == [
        "order-1 (handed out once)",
        "order-2",
    ]
    again = queues(*TWO, delivered(1), requeued(1, "nacked"), delivered(1, attempt=2))
    assert again["orders"][1] == ["order-1 (handed out twice), held by worker#1"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("acked", "order-1: acked"),
        ("auto-acked", "order-1: auto-acked"),
        ("dropped", "order-1: dropped"),
        ("purged", "order-1: purged"),
        ("expired", "order-1: its time to live is over"),
        ("overflowed", "order-1: the queue is full"),
        ("undeliverable", "order-1: over the delivery limit"),
        ("deleted", "order-1: its queue is deleted"),
        ("some new way", "order-1: some new way"),
    ],
)
def test_what_left_its_queue_says_how(how: str, said: str) -> None:
    assert queues(*TWO, delivered(1), settled(1, how)) == {"orders": (["order-2"], [], [said])}


def test_a_dead_letter_leaves_one_queue_and_is_in_the_other() -> None:
    assert queues(*TWO, delivered(1), dead_lettered(1, "rejected", "orders.dead")) == {
        "orders": (["order-2"], [], ["order-1: rejected, now in orders.dead"]),
        "orders.dead": (["order-1 (dead letter)"], [], []),
    }


def test_a_dead_letter_that_no_queue_takes_is_dropped() -> None:
    assert queues(*TWO, dead_lettered(1, "expired"))["orders"] == (
        ["order-2"], [], ["order-1: its time to live is over, dropped"],
    )  # fmt: skip


def test_of_many_copies_the_first_are_named_and_the_rest_is_counted() -> None:
    many = [event for n in range(1, 41) for event in (published(n, "orders"), owed(n, f"o-{n}"))]
    ready, _, _ = queues(*many)["orders"]
    assert ready[: MOST + 1] == [*(f"o-{n}" for n in range(1, MOST + 1)), f"and {40 - MOST} more"]
    _, _, gone = queues(*many, *(settled(n) for n in range(1, 41)))["orders"]
    assert gone[0] == f"{40 - MOST_GONE} before them"
    assert gone[-1] == "o-40: acked"
    assert len(gone) == MOST_GONE + 1


# --- processes -------------------------------------------------------------------------------


def test_a_process_waits_for_the_answer_to_its_call_and_runs_when_it_has_it() -> None:
    assert process(STARTED) == ("worker#1", "runs", "has just started, its memory is empty")
    call = (STARTED, asked(1, "charge", "payments"))
    assert process(*call) == ("worker#1", "waits", "waits for the answer to charge()")
    assert process(*call, answered(1)) == ("worker#1", "runs", "runs")


def test_a_process_that_waits_for_messages_or_sleeps_says_so() -> None:
    assert process(STARTED, asked(1, "receive"))[2] == "waits for a message"
    assert process(STARTED, asked(1, "sleep", "clock", seconds=0.5))[2] == "sleeps 0.5 s"


def test_a_crashed_process_stays_so_until_its_next_incarnation_stands_in_its_place() -> None:
    crashed = (STARTED, asked(1, "receive"), t.Crashed(at=0, who="worker#1", number=1))
    assert process(*crashed) == ("worker#1", "crashed", "has crashed, its memory is gone")
    assert process(*crashed, t.Started(at=1, who="worker#2"))[:2] == ("worker#2", "runs")


def test_a_paused_process_is_no_crashed_one_and_goes_on_with_its_answer() -> None:
    paused = (STARTED, asked(1, "charge", "payments"), faulted(1, "pause"))
    assert process(*paused)[1] == "paused"
    assert process(*paused, answered(1))[1] == "runs"


def test_a_process_that_ended_says_how() -> None:
    ended = t.Exited(at=0, who="worker#1", how="raised", error="KeyError", message="x", line=3)
    assert process(STARTED, ended) == (
        "worker#1", "failed", "ends: raised KeyError in line 3: x",
    )  # fmt: skip
    gave_up = t.GaveUp(at=0, who="worker#1", restarts=5)
    assert process(STARTED, ended, gave_up)[2] == "is not started again"
    returned = t.Exited(at=0, who="worker#1", how="returned")
    assert process(STARTED, returned)[1] == "ended"


# --- outside ---------------------------------------------------------------------------------


def test_what_is_owed_is_there_before_it_is_done() -> None:
    debt = t.Owed(at=0, message=1, kind="charge", subject="order-1", detail={"cents": 4200})
    name = "charge order-1, 42.00"
    assert outside(debt) == [(name, "not yet", False)]
    assert outside(debt, CHARGE) == [(name, "once", False)]
    assert outside(debt, CHARGE, CHARGE) == [(name, "twice, owed once", True)]
    assert outside(debt, CHARGE, CHARGE, CHARGE)[0][1] == "3 times, owed once"


def test_what_nobody_owed_is_wrong_at_once() -> None:
    assert outside(CHARGE) == [("charge order-1, 42.00", "once, and nobody owed it", True)]


def test_a_declined_charge_was_not_made() -> None:
    no = t.Declined(at=0, who="worker#1", kind="charge", subject="order-1", error="CardDeclined")
    assert outside(owed(1, "order-1"), no) == [
        ("charge order-1", "not yet, turned down once", False)
    ]
    assert outside(owed(1, "order-1"), no, CHARGE)[0][1] == "once, turned down once"


def test_a_committed_transaction_is_listed_by_its_writes() -> None:
    done = t.Committed(at=0, who="worker#1", writes=[["insert", "done", "order-1", {}]])
    assert outside(done, done) == [("insert done/order-1", "twice", False)]


def test_a_debt_that_is_a_dead_letter_is_no_side_effect() -> None:
    debt = t.Owed(at=0, message=1, kind="dead letter", subject="order-1")
    assert outside(debt) == []


def test_an_event_that_it_does_not_know_changes_nothing() -> None:
    class Novel(t.Event):
        pass

    assert after(*TWO, Novel(at=0)) == after(*TWO)
