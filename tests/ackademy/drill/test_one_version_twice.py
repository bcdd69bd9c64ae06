"""The bug hunt of the event store: what it asks, and that its code is what it says it is."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.one_version_twice import HUNT, NAME, in_the_store, in_the_topic
from ackademy.drill.session import Session
from ackademy.drill.steps import Choose, Mend, Reply, Show
from graders.check import check_source, one_run
from graders.content import wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
RIGHT = (1, 2, 0)
"""Two events; version 2 twice; a conflicting append."""


def outcomes(source: str, seed: int = 0, graded: bool = False) -> dict[str, str]:
    verdicts = check_source(SPEC, source, seed, graded)
    return {v.check: v.anomaly or v.outcome for v in verdicts}


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("seed", range(3))
def test_the_broken_handler_overwrites_and_publishes_too_early_in_both_transports(seed, graded):
    assert outcomes(BROKEN, seed, graded) == {
        "one_history": "conflicting_append",
        "nothing_lost": "lost_command",
        "nothing_untrue": "phantom_publication",
    }


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("name", WHEATS)
def test_a_mend_by_each_design_passes_in_both_transports(name, graded):
    assert set(outcomes(WHEATS[name], graded=graded).values()) == {"pass"}


@pytest.mark.parametrize("seed", range(3))
def test_the_predictions_are_read_from_the_run(seed):
    run, _ = one_run(SPEC, BROKEN, (), seed)
    assert len(in_the_store(run)) == 2
    assert sorted(version for version, _ in in_the_topic(run)) == [1, 2, 2]
    answers = [prediction.answer(run) for prediction in HUNT.predictions]
    assert (*answers, list(HUNT.names).index("conflicting_append")) == RIGHT


@pytest.mark.parametrize("name", WHEATS)
def test_a_mended_handler_would_have_answered_otherwise(name):
    run, _ = one_run(SPEC, WHEATS[name], ())
    assert [prediction.answer(run) for prediction in HUNT.predictions] == [0, 0]


def test_the_code_is_shown_without_what_gives_it_away():
    session = answered()
    assert "anomaly" not in text(session)
    assert "producer.flush()" in text(session)
    assert isinstance(session.asked, Choose)


def test_right_predictions_are_said_to_be_right():
    said = text(answered(*RIGHT[:2]))
    assert "✓ events in the store: 2, versions 1 and 2" in said
    assert "✓ records in the topic: 1, and 2 twice, with different items" in said


def test_wrong_predictions_are_put_beside_what_happened():
    said = text(answered(0, 0))
    assert "you said 3, versions 1, 2 and 3; it is: 2, versions 1 and 2" in said
    assert "you said 1, 2 and 3; it is: 1, and 2 twice, with different items" in said


def test_the_right_name_gets_its_reason():
    session = answered(*RIGHT)
    assert "✓ the anomaly: conflicting append\nConflicting append: two writers" in text(session)
    assert isinstance(session.asked, Mend)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    name = list(HUNT.names)[place]
    said = text(answered(*RIGHT[:2], place))
    assert f"you said {name.replace('_', ' ')}; it is: conflicting append" in said
    assert HUNT.names[name] in said


def test_the_asides_are_runs():
    run, _ = one_run(SPEC, BROKEN, (), 0)
    said = text(answered(*RIGHT))
    assert f"the store: {sum(in_the_store(run)) / 100:.2f}" in said
    assert f"added up: {sum(cents for _, cents in in_the_topic(run)) / 100:.2f}" in said
    assert "In that run there are 3 events in the store and 4 records in the topic" in said


@pytest.mark.parametrize("name", WHEATS)
def test_the_hunt_ends_when_every_check_passes(name):
    session = answered(*RIGHT)
    session.reply(Reply(BROKEN))
    assert isinstance(session.asked, Mend)
    session.reply(Reply(WHEATS[name]))
    assert session.over
    assert "all checks passed the 2nd time" in text(session)
