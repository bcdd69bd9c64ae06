"""Lost command: it is gone, and no event says that it was carried out."""

from graders.judges.lost_command import find, unshown
from minibroker.sim.trace import Crashed, Delivered
from tests.graders.judges.history import timed
from tests.graders.judges.store import (
    ADDED,
    ONE,
    PLACED,
    TWO,
    acked,
    appended,
    came,
    committed,
    event,
    row_of,
    store_of,
)

PLACE = came("place-1", "place", cents=900)
ADD = came("add-1", "add", message=2, cents=100)


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*events))]  # type: ignore[arg-type]


def test_a_command_that_has_its_event_is_not_lost() -> None:
    assert sentences(PLACE, appended(PLACED), acked()) == []
    assert sentences(PLACE, acked(), appended(PLACED)) == []


def test_a_command_that_was_acked_before_a_crash_is_lost() -> None:
    trace = store_of(PLACE, acked(), Crashed(at=0, who=ONE, number=7))
    [found] = find(trace)
    assert found.anomaly == "lost_command"
    assert found.sentence == (
        "place-1 was lost: handle-1#1 settled it, and order-1 has no event for it, nor was it ever "
        "in a state to refuse"
    )
    assert found.events == (1, 2)


def test_a_command_that_waits_in_its_queue_is_not_lost() -> None:
    assert sentences(PLACE) == []


def test_a_command_that_came_twice_is_lost_when_both_are_settled() -> None:
    again = came("place-1", "place", message=3, cents=900)
    assert sentences(PLACE, again, acked()) == []
    assert len(sentences(PLACE, again, acked(), acked(3))) == 1


def test_a_command_may_be_refused() -> None:
    ship = came("ship-1", "ship", message=2)
    assert sentences(PLACE, appended(PLACED), acked(), ship, acked(2)) == []


def test_a_command_that_came_second_may_be_refused_by_what_the_first_one_did() -> None:
    pay, both = event(2, "paid", cents=900), came("add-1", "add", message=2, cents=100)
    race = (came("pay-1", "pay", message=3), both, appended(pay, who=TWO), acked(3, TWO), acked(2))
    assert sentences(PLACE, appended(PLACED), acked(), *race) == []


def test_what_an_order_became_long_afterwards_is_no_reason_to_refuse() -> None:
    pay = (came("pay-1", "pay", message=3), appended(event(2, "paid", cents=900)), acked(3))
    assert len(sentences(PLACE, appended(PLACED), acked(), ADD, acked(2), *pay)) == 1


def test_a_command_that_is_acked_while_it_is_carried_out_is_decided_a_moment_later() -> None:
    cancelled = event(2, "cancelled")
    base = list(store_of(PLACE, appended(PLACED), acked()))
    after = (came("cancel-1", "cancel", 3), ADD, acked(2), appended(cancelled, who=TWO), acked(3))
    for wait, lost in ((0.4, 0), (0.6, 1)):
        times = [(float(n), e) for n, e in enumerate(base)]
        times += [(10.0, after[0]), (10.0, after[1]), (10.0, after[2])]
        times += [(10 + wait, after[3]), (10 + wait, after[4])]
        assert len(find(timed(*times))) == lost


def test_an_event_that_was_overwritten_is_lost_with_its_command() -> None:
    other = came("add-2", "add", message=3, cents=100)
    over = committed(row_of(event(2, "item_added", command="add-2"), "put"), who=TWO)
    both = (ADD, other, appended(ADDED), over, acked(2), acked(3, TWO))
    [sentence] = sentences(PLACE, appended(PLACED), acked(), *both)
    assert sentence.startswith("add-1 was lost: handle-1#1 settled it")


def test_an_event_with_another_amount_does_not_carry_a_command_out() -> None:
    assert sentences(PLACE, appended(PLACED | {"cents": 90}), acked()) == [
        "place-1 was lost: handle-1#1 settled it, and what order-1 has for it is placed with 90 "
        "cents, where 900 were asked for"
    ]


def test_nothing_is_shown_when_no_command_was_taken() -> None:
    assert unshown(store_of(PLACE)) == "no command was ever taken, so none could be lost"
    taken = Delivered(
        at=0, who=ONE, queue="commands", message=1, tag=1, attempt=1, redelivered=False
    )
    assert unshown(store_of(PLACE, taken)) == ""
