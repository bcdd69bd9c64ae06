"""The bug hunt of the lost reply: its questions, its answers, and that its code is what it says it
is. What all hunts share is tested with `poison_message`."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.lost_reply import HUNT, NAME, requests, told
from ackademy.drill.session import Session
from ackademy.drill.steps import Mend, Reply, Show, ShowRun
from graders.check import check_source
from graders.content import chaffs, wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
RIGHT = (0, 2, 0)
"""Once; only the first; stuck."""


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("seed", range(3))
def test_the_broken_client_is_stuck_in_both_transports(seed, graded):
    verdicts = check_source(SPEC, BROKEN, seed, graded)
    assert {v.check: v.anomaly or v.outcome for v in verdicts} == {
        "comes_to_rest": "stuck",
        "in_time": "deadline_exceeded",
        "its_own_answer": "pass",
    }


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert BROKEN.startswith("import json\n")
    assert "anomaly" not in BROKEN
    assert "ever" not in BROKEN


def test_the_run_that_is_shown_asks_once_and_answers_one_order():
    session = answered(*RIGHT[:2])
    [shown] = [step for step in session.shown if isinstance(step, ShowRun)]
    assert (requests(shown.run), told(shown.run)) == (1, 1)
    assert "which held it until the end and never settled it" in text(session)
    assert "points" not in text(session)


@pytest.mark.parametrize("seed", range(10))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_a_kill_or_a_slow_server_shows_what_the_wait_costs():
    said = text(answered(*RIGHT))
    assert "killed while it waits: 4 of 4 orders have their answer, instead of 1." in said
    assert "the four orders are answered after 0 s, 60 s, 55 s, 51 s." in said


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    name = list(HUNT.names)[place]
    words = name.replace("_", " ")
    said = text(answered(*RIGHT[:2], place))
    assert f"{words.capitalize()} would be: {HUNT.names[name]}" in said


def test_a_deadline_alone_does_not_pass_as_a_mend():
    session = answered(*RIGHT)
    [source] = [each.source for each in chaffs(NAME) if each.name == "pending_is_the_last_word"]
    session.reply(Reply(source))
    assert "✗ its own answer: order-51 was lost: " in text(session)
    assert isinstance(session.asked, Mend)


@pytest.mark.parametrize("wheat", wheats(NAME), ids=lambda wheat: wheat.name)
def test_each_design_that_is_compared_ends_the_hunt(wheat):
    session = answered(*RIGHT)
    session.reply(Reply(wheat.source))
    assert session.over
    assert "✓ the mend: all checks passed the first time" in text(session)
