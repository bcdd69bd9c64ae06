"""Zombie write: a process that had lost its partition went on as if it had not."""

import pytest

from graders.judges.zombie_write import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import charged, deduplicated, history
from tests.graders.judges.logs import (
    assigned,
    began,
    decided,
    invoiced,
    left,
    ordered,
    polled,
    rebalanced,
    revoked,
)

ONE, TWO = "worker-1#1", "worker-2#1"
HAS = [*ordered("order-1"), assigned(ONE), polled(who=ONE)]
GONE = [*HAS, left(ONE), rebalanced(worker_2=[0]), assigned(TWO)]


def test_a_charge_after_the_partition_went_to_another_is_a_zombie_s() -> None:
    [found] = find(history(*GONE, charged(who=ONE)))
    assert found.anomaly == "zombie_write"
    assert found.sentence == (
        "the charge for order-1 was made by worker-1#1 at 7.000 s, when orders/0 had been "
        "worker-2#1's since 6.000 s"
    )
    assert found.events == (6, 7)


@pytest.mark.parametrize(
    "events",
    [
        [*GONE, charged(who=TWO), charged(who=ONE)],
        [*GONE, invoiced(who=ONE)],
        [*GONE, polled(who=TWO), revoked(ONE, lost=True), charged(who=ONE)],
        [*GONE, assigned(ONE, 1), charged(who=ONE)],
        [*GONE, assigned(ONE, group="mailing"), charged(who=ONE)],
        [*GONE, assigned(ONE), assigned(TWO), charged(who=ONE)],
        [*GONE, began(who=ONE), invoiced(who=ONE, transaction="tx"), decided()],
    ],
)
def test_whatever_else_happens_it_is_a_zombie_s(events: list[t.Event]) -> None:
    [found] = find(history(*events))
    assert ONE in found.sentence.split(" when ")[0]


@pytest.mark.parametrize(
    "events",
    [
        [*HAS, charged(who=ONE), assigned(TWO)],
        [*HAS, left(ONE), charged(who=ONE)],
        [*HAS, left(ONE), rebalanced(worker_2=[0]), charged(who=ONE), assigned(TWO)],
        [*HAS, assigned(TWO, 1), charged(who=ONE)],
        [*HAS, assigned(TWO, topic="refunds"), charged(who=ONE)],
        [*HAS, assigned(TWO, group="mailing"), charged(who=ONE)],
        [*GONE, polled(who=TWO), charged(who=TWO)],
        [*GONE, deduplicated()],
        [*GONE, assigned(ONE), polled(who=ONE), charged(who=ONE)],
        [*GONE, charged("order-2", who=ONE)],
        [*GONE, began(who=ONE), invoiced(who=ONE, transaction="tx"), decided("aborted")],
        [*GONE, began(who=ONE), invoiced(who=ONE, transaction="tx")],
        [*ordered("order-1"), polled(who=ONE), assigned(TWO), charged(who=ONE)],
        [*ordered("order-1"), assigned(ONE), assigned(TWO), charged(who=ONE)],
    ],
)
def test_what_changed_nothing_or_was_its_own_is_no_zombie_s(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_a_member_of_a_group_made_something() -> None:
    for events in ([], HAS, [*ordered("order-1"), polled(who=ONE), charged(who=ONE)]):
        assert unshown(history(*events)) == (
            "no member of a group made anything of a record, so none could do so too late"
        )
    assert unshown(history(*HAS, charged(who=ONE))) == ""


def wrote(op: str = "put", table: str = "slips", key: str = "order-1", who: str = ONE) -> t.Event:
    return t.Committed(
        at=0, who=who, writes=[["put", "other", "order-1", {}], [op, table, key, {}]]
    )


def test_a_row_that_is_owed_is_an_effect_and_no_other_is() -> None:
    owes = t.Owed(at=0, message=1, kind="row in slips", subject="order-1")
    gone = [GONE[0], owes, *GONE[1:]]
    [found] = find(history(*gone, wrote("insert")))
    assert found.sentence.startswith("the row in slips for order-1 was made by worker-1#1")
    others = [
        *(wrote("delete"), wrote(table="notes"), wrote(key="order-2"), wrote(who="scenario")),
        wrote(who=TWO),
    ]
    assert find(history(*gone, *others)) == []
