"""The bug hunt of the replaced policy: its questions, its answers, and that its code is what it
says it is. What all hunts share is tested with `poison_message`."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.session import Session
from ackademy.drill.steps import Mend, Reply, Show, ShowRun
from ackademy.drill.unheard_refund import HUNT, NAME, emails, refused, undelivered
from graders.check import check_source
from graders.content import chaffs, wheats
from graders.spec import load

BROKEN = broken_source(HUNT)
RIGHT = (2, 1, 0)
"""One; no error; lost message."""


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
def test_the_broken_topology_loses_what_is_published_in_both_transports(graded):
    verdicts = check_source(load(NAME), BROKEN, 0, graded)
    assert {v.check: v.anomaly or v.outcome for v in verdicts} == {
        "all_heard": "lost_message", "nothing_else": "pass", "all_read": "pass",
    }  # fmt: skip


def test_the_run_that_is_shown_writes_to_one_customer_and_raises_nothing():
    [shown] = [step for step in answered(*RIGHT[:2]).shown if isinstance(step, ShowRun)]
    assert (emails(shown.run), refused(shown.run)) == (1, 0)
    assert undelivered(shown.run) == {"mail": 3, "stock": 2}


@pytest.mark.parametrize("seed", range(5))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_with_one_topic_for_each_queue_the_code_works():
    assert "2 policies are set, and no messages are undelivered" in text(answered(*RIGHT))


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    words = list(HUNT.names)[place].replace("_", " ")
    assert f"{words.capitalize()} would be: " in text(answered(2, 1, place))


def test_to_allow_the_first_topic_instead_does_not_pass_as_a_mend():
    session = answered(*RIGHT)
    [source] = [each.source for each in chaffs(NAME) if each.name == "allows_the_first"]
    session.reply(Reply(source))
    assert isinstance(session.asked, Mend)


@pytest.mark.parametrize("wheat", wheats(NAME), ids=lambda wheat: wheat.name)
def test_each_design_that_is_compared_ends_the_hunt(wheat):
    session = answered(*RIGHT)
    session.reply(Reply(wheat.source))
    assert session.over
