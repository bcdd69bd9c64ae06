"""The bug hunt of the batch that failed in part: its questions, its answers, and that its code is
what it says it is. What all hunts share is tested with `poison_message`."""

import pytest

from ackademy.drill.half_a_batch import HUNT, NAME, kept, sent, too_long
from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.session import Session
from ackademy.drill.steps import Mend, Reply, Show, ShowRun
from graders.check import check_source
from graders.content import chaffs, wheats
from graders.spec import load

BROKEN = broken_source(HUNT)
RIGHT = (1, 1, 0)
"""Five; deleted; lost message."""


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
def test_the_broken_sender_loses_an_order_in_both_transports(graded):
    verdicts = check_source(load(NAME), BROKEN, 0, graded)
    assert {v.check: v.anomaly or v.outcome for v in verdicts} == {
        "nothing_lost": "lost_message", "charged_once": "pass", "comes_to_rest": "pass",
    }  # fmt: skip


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert "anomaly" not in BROKEN
    assert "Failed" not in BROKEN


def test_the_run_that_is_shown_sends_five_and_deletes_the_checkout():
    [shown] = [step for step in answered(*RIGHT[:2]).shown if isinstance(step, ShowRun)]
    assert (sent(shown.run), kept(shown.run)) == (5, False)
    assert too_long(shown.run).startswith("order-")


@pytest.mark.parametrize("seed", range(5))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_an_error_of_sqs_itself_costs_another_order():
    assert "4 orders come to the queue and 4 are charged" in text(answered(*RIGHT))


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    words = list(HUNT.names)[place].replace("_", " ")
    assert f"{words.capitalize()} would be: " in text(answered(1, 1, place))


def test_to_repeat_what_will_never_be_taken_does_not_pass_as_a_mend():
    session = answered(*RIGHT)
    [source] = [each.source for each in chaffs(NAME) if each.name == "repeats_for_ever"]
    session.reply(Reply(source))
    assert isinstance(session.asked, Mend)


@pytest.mark.parametrize("wheat", wheats(NAME), ids=lambda wheat: wheat.name)
def test_each_design_that_is_compared_ends_the_hunt(wheat):
    session = answered(*RIGHT)
    session.reply(Reply(wheat.source))
    assert session.over
