"""The bug hunt of the skipped order: its questions, its answers, and that its code is what it says
it is. What all hunts share is tested with `poison_message`."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.session import Session
from ackademy.drill.skipped_order import HUNT, NAME, charged, committed
from ackademy.drill.steps import Mend, Reply, Show, ShowRun
from graders.check import check_source
from graders.content import chaffs, wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
RIGHT = (2, 2, 0)
"""Never charged; all is committed; skipped offset."""


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("seed", range(3))
def test_the_broken_service_skips_and_loses_an_order_in_both_transports(seed, graded):
    verdicts = check_source(SPEC, BROKEN, seed, graded)
    assert {v.check: v.anomaly or v.outcome for v in verdicts} == {
        "nothing_skipped": "skipped_offset", "nothing_lost": "lost_message",
        "charged_once": "pass", "in_order": "reordered", "no_rest": "pass",
    }  # fmt: skip


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert BROKEN.startswith("import json\n")
    assert "anomaly" not in BROKEN
    assert "skip" not in BROKEN


def test_the_run_that_is_shown_never_charges_the_order_and_commits_all():
    session = answered(*RIGHT[:2])
    [shown] = [step for step in session.shown if isinstance(step, ShowRun)]
    assert (charged(shown.run), committed(shown.run)) == (0, 6)
    assert "✗ nothing skipped: billing#1 committed offset " in text(session)
    assert "points" not in text(session)


@pytest.mark.parametrize("seed", range(10))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_a_kill_at_the_right_moment_saves_the_order():
    said = text(answered(*RIGHT))
    assert "killed right after the charge of order-3 has failed: the order is charged." in said


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    name = list(HUNT.names)[place]
    words = name.replace("_", " ")
    assert f"{words.capitalize()} would be: {HUNT.names[name]}" in text(answered(2, 2, place))


def test_a_list_in_memory_does_not_pass_as_a_mend():
    session = answered(*RIGHT)
    [source] = [each.source for each in chaffs(NAME) if each.name == "keeps_it_for_later"]
    session.reply(Reply(source))
    assert "✗ nothing lost: order-3 was lost: " in text(session)
    assert isinstance(session.asked, Mend)


@pytest.mark.parametrize("wheat", wheats(NAME), ids=lambda wheat: wheat.name)
def test_each_design_that_is_compared_ends_the_hunt(wheat):
    session = answered(*RIGHT)
    session.reply(Reply(wheat.source))
    assert session.over
    assert "✓ the mend: all checks passed the first time" in text(session)
