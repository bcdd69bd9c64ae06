"""Work after revoked: a process had given up a partition, and went on with its records."""

import pytest

from graders.judges.work_after_revoked import find, unshown
from minibroker.sim import trace as t
from minibroker.sim.values import Value
from tests.graders.judges.history import WORKER, charged, deduplicated, history
from tests.graders.judges.logs import assigned, ordered, polled, revoked


def asks(op: str, client: str = "kafka", who: str = WORKER) -> t.Requested:
    return t.Requested(at=0, who=who, number=7, client=client, op=op, args={})


def answered(value: Value = None, who: str = WORKER) -> t.Answered:
    return t.Answered(at=0, who=who, number=7, value=value)


CALLED = answered({"revoke": [["orders", 0]], "lost": False})
"""The poll's answer that has a callback called."""
HAS = [*ordered("order-1"), assigned(), polled()]
TOLD = [*HAS, asks("poll"), revoked(), CALLED]


def test_a_charge_after_the_callback_is_too_late() -> None:
    [found] = find(history(*TOLD, asks("poll"), charged()))
    assert found.anomaly == "work_after_revoked"
    assert found.sentence == (
        "the charge for order-1 was made by worker#1 at 8.000 s, which had been told at 5.000 s "
        "that it had to give up orders/0"
    )
    assert found.events == (5, 8)


def test_what_is_lost_is_so_before_the_callback() -> None:
    [found] = find(history(*HAS, asks("poll"), revoked(lost=True), CALLED, charged()))
    assert "had been told at 5.000 s that orders/0 was lost" in found.sentence


@pytest.mark.parametrize("op", ["poll", "consume", "close", "unassign", "incremental_unassign"])
def test_a_partition_is_given_up_by_the_next_poll_or_when_it_is_unassigned(op: str) -> None:
    assert len(find(history(*TOLD, asks(op), charged()))) == 1


def test_without_a_callback_it_is_given_up_within_the_poll() -> None:
    assert len(find(history(*HAS, asks("poll"), revoked(), answered(), charged()))) == 1


def test_several_charges_are_several_findings() -> None:
    events = [*HAS, polled(), revoked(lost=True), charged(), charged()]
    assert len(find(history(*events))) == 2


@pytest.mark.parametrize(
    "events",
    [
        [*TOLD, charged()],
        [*TOLD, asks("send", "mail"), answered({"id": "em_1"}), charged()],
        [*TOLD, asks("commit"), answered(), charged()],
        [*TOLD, asks("poll", who="worker#2"), charged()],
        [*TOLD, asks("poll"), deduplicated()],
        [*HAS, charged(), revoked(lost=True)],
        [*HAS, revoked(WORKER, 1, lost=True), charged()],
        [*HAS, revoked("worker#2", lost=True), charged()],
        [*TOLD, asks("poll"), assigned(), polled(), charged()],
        [*HAS, asks("poll"), revoked(), assigned(), polled(), answered(), charged()],
        [*ordered("order-1"), revoked(lost=True), charged()],
        [*HAS, charged()],
    ],
)
def test_before_that_or_of_what_it_has_again_nothing_is_too_late(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_a_partition_had_to_be_given_up() -> None:
    assert unshown(history(*HAS, charged())) == (
        "no member of a group had to give up a partition, so none could do so too late"
    )
    assert unshown(history(*TOLD)) == ""
