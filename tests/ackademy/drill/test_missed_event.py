"""The bug hunt on a subscription that goes with its subscriber: its questions have the answers that
its run shows, for every variant."""

from collections.abc import Sequence

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.missed_event import HUNT, NAME, thanked
from ackademy.drill.session import Session
from ackademy.drill.steps import Mend, Reply, Show, ShowRun, Step
from graders.check import check_source, one_run
from graders.content import wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
RIGHT = (1, 3, 0)
"""Those between the restart and the return; nowhere; lost."""


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


@pytest.mark.parametrize("seed", range(10))
def test_at_least_one_order_of_six_comes_while_nobody_is_there(seed):
    run, _ = one_run(SPEC, BROKEN, (), seed)
    there, mailed = thanked(run)
    assert there == 6
    assert 3 <= mailed <= 5


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("name", WHEATS)
def test_each_mend_passes_in_both_transports_and_thanks_for_all(name, graded):
    verdicts = check_source(SPEC, WHEATS[name], 0, graded)
    assert {verdict.outcome for verdict in verdicts} == {"pass"}
    run, _ = one_run(SPEC, WHEATS[name], ())
    assert thanked(run) == (6, 6)


def test_the_code_that_is_shown_does_not_say_what_is_wrong_with_it():
    assert "exclusive=True" in BROKEN
    assert "anomaly" not in BROKEN
    assert "durable" not in BROKEN


@pytest.mark.parametrize("seed", range(10))
def test_the_answers_hold_for_every_variant(seed):
    session, shown = answered(*RIGHT, seed=seed)
    assert "you said" not in text(shown)
    assert isinstance(session.asked, Mend)


def test_wrong_answers_are_put_beside_what_happened():
    said = text(answered(0, 0, 1)[1])
    assert "✗ the orders that nobody thanks for: you said none: all six are thanked for;" in said
    assert "✗ where these orders are now: you said in the mailer's old queue, on disk;" in said
    assert "✗ the anomaly: you said stuck; it is: lost message" in said


@pytest.mark.parametrize("seed", range(10))
def test_one_of_the_two_declarations_mended_helps_nobody(seed):
    _, shown = answered(*RIGHT, seed=seed)
    assert any(isinstance(step, ShowRun) for step in shown)
    said = text(shown)
    _, mailed = thanked(one_run(SPEC, BROKEN, (), seed)[0])
    assert f"only the exchange is durable: {mailed} of 6 orders are thanked for" in said
    assert f"only the queue is: {mailed} of 6 orders are thanked for" in said


def test_a_mend_that_passes_ends_the_hunt():
    session, _ = answered(*RIGHT)
    session.reply(Reply(BROKEN))
    assert "✗ everybody thanked: order-" in text(session.shown)
    session.reply(Reply(WHEATS["durable_and_named"]))
    assert session.over
    assert "✓ the mend: all checks passed the 2nd time" in text(session.shown)
