"""What reality said to what the simulator had said."""

from ackademy.reality.choose import Choice, Schedule
from ackademy.reality.compare import Compared, compared
from ackademy.reality.perform import Shown
from ackademy.reality.points import Op, Point
from ackademy.reality.session import missing_of
from ackademy.reality.words import line, summary
from graders.spec import load
from minibroker.sim.faults import crash
from minibroker.sim.trace import Ended, Owed, Published, Settled, SideEffect, Trace

SPEC = load("dead_letter_queue")
POINT = Point("worker", Op("basic_ack", "order-1"), 1, "after", "crash")


def shown(charged: bool, missed: tuple[Point, ...] = ()) -> Shown:
    """A run in which an order was acked, and charged or not."""
    trace = Trace()
    trace.append(
        Published(
            at=0,
            who="scenario",
            message=1,
            exchange="",
            routing_key="orders",
            queues=["orders"],
            body=b"one",
        )
    )
    trace.append(Owed(at=0, message=1, kind="charge", subject="order-1"))
    if charged:
        trace.append(SideEffect(at=1, who="worker#1", kind="charge", subject="order-1"))
    trace.append(Settled(at=2, who="worker#1", queue="orders", message=1, how="acked"))
    trace.append(Ended(at=3, why="quiet", effects=3))
    return Shown(trace, missed)


def schedule(*found: str) -> Schedule:
    return Schedule((crash(7),), (POINT,), found, 0)


def test_reality_agrees_when_the_same_promise_is_broken() -> None:
    result = compared(SPEC, schedule("lost_message"), shown(charged=False))
    assert (result.outcome, result.found[0].anomaly) == ("agrees", "lost_message")


def test_reality_agrees_when_every_promise_is_kept() -> None:
    assert compared(SPEC, schedule(), shown(charged=True)).outcome == "agrees"


def test_reality_disagrees_when_it_keeps_what_was_broken() -> None:
    result = compared(SPEC, schedule("lost_message"), shown(charged=True))
    assert (result.outcome, result.sentence) == (
        "disagrees",
        "the simulator found lost_message, reality did not",
    )


def test_reality_disagrees_when_it_breaks_what_was_kept() -> None:
    result = compared(SPEC, schedule(), shown(charged=False))
    assert result.outcome == "disagrees"
    assert "order-1 was lost" in result.sentence


def test_a_point_that_never_came_shows_nothing() -> None:
    result = compared(SPEC, schedule("lost_message"), shown(charged=True, missed=(POINT,)))
    assert result.outcome == "not shown"
    assert "crash after basic_ack of order-1" in result.sentence


def test_an_anomaly_is_missing_until_a_run_shows_it() -> None:
    choice = Choice({"lost_message": [schedule("lost_message")]}, [], {"stuck": "it needs two"})
    result = compared(SPEC, schedule("lost_message"), shown(charged=False))
    other = Compared(schedule(), "agrees", (), "every promise was kept")
    assert missing_of(choice, [other]) == ["lost_message"]
    assert missing_of(choice, [other, result]) == []
    assert summary(choice, [other, result], "here") == (
        "here: reality agreed in 2 of 2 schedules\n"
        "lost_message: happens for real, too\n"
        "stuck: could not be shown (it needs two)"
    )


def test_a_line_names_the_schedule_as_a_token_does() -> None:
    result = Compared(schedule(), "agrees", (), "every promise was kept")
    assert line(result) == (
        "agrees: crash after basic_ack of order-1 (crash:7): every promise was kept"
    )
