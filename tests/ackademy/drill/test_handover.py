"""The bug hunt on rebalancing: its questions have the answers that its run shows, for every
variant."""

from collections.abc import Sequence

import pytest

from ackademy.drill.handover import HUNT, NAME, in_hand, lag
from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.session import Session
from ackademy.drill.steps import Mend, Reply, Show, ShowRun, Step
from graders.check import check_source, one_run
from graders.content import wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
RIGHT = (3, 0, 0)
"""None; no lag; lost."""


def answered(*places: int, seed: int = 0) -> tuple[Session, list[Step]]:
    """The hunt after these answers, and all that it has shown on the way."""
    session = Session(hunt(HUNT, seed))
    shown = list(session.shown)
    for place in places:
        session.reply(Reply(place))
        shown += session.shown
    return session, shown


def text(shown: Sequence[Step]) -> str:
    return "\n\n".join(step.text for step in shown if isinstance(step, Show))


def test_the_orders_in_the_list_are_lost_and_the_lag_is_none():
    run, _ = one_run(SPEC, BROKEN, ())
    assert in_hand(run) == (3, 0)
    assert lag(run) == 0


@pytest.mark.parametrize("name", WHEATS)
def test_each_mend_passes_and_charges_them(name):
    assert {verdict.outcome for verdict in check_source(SPEC, WHEATS[name], 0)} == {"pass"}
    run, _ = one_run(SPEC, WHEATS[name], ())
    assert in_hand(run) == (3, 3)


def test_the_code_that_is_shown_does_not_say_what_is_wrong_with_it():
    assert "on_revoke" in BROKEN
    assert "skipped" not in BROKEN


@pytest.mark.parametrize("seed", range(5))
def test_the_answers_hold_for_every_variant(seed):
    session, shown = answered(*RIGHT, seed=seed)
    assert "you said" not in text(shown)
    assert isinstance(session.asked, Mend)


def test_wrong_answers_are_put_beside_what_happened():
    said = text(answered(0, 2, 1)[1])
    assert "✗ the orders in the list that are charged: you said all three; it is: none" in said
    assert "✗ the lag of the group: you said 3; it is: 0" in said
    assert "✗ the anomaly: you said duplicate effect; it is: lost message" in said


def test_the_run_is_shown_and_two_more_are_told():
    _, shown = answered(*RIGHT)
    assert any(isinstance(step, ShowRun) for step in shown)
    said = text(shown)
    assert "The same biller without its handler: 3 of the 3 orders are charged." in said
    assert "only one partition of three goes: 0 of 3 are charged." in said


def test_a_mend_that_passes_ends_the_hunt():
    session, _ = answered(*RIGHT)
    session.reply(Reply(BROKEN))
    assert "✗ nothing lost: order-4 was lost: biller-1#1 committed offset 2" in text(session.shown)
    session.reply(Reply(WHEATS["drops_what_it_holds"]))
    assert session.over
    assert "✓ the mend: all checks passed the 2nd time" in text(session.shown)
