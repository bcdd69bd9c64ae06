"""The sizing drill: right and wrong numbers, the news half-way, and the card at the end."""

import pytest

from ackademy.drill import sizing
from ackademy.drill.order_sizing import MINUTES, changed_by, drawn, order_sizing
from ackademy.drill.session import Session
from ackademy.drill.sizing import amount
from ackademy.drill.steps import Number, Reply, Show

SEEDS = [0, 1, 2, 3]


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


def played(seed: int, factor: float = 1.0, seconds: float = 30.0) -> list[str]:
    """What is said after each answer, when every answer is the right one times a factor. The
    right one is found by giving it another time what was said to be it."""
    said: list[str] = []
    answers: list[float] = []
    while True:
        session = Session(order_sizing(seed))
        for place, answer in enumerate(answers):
            session.reply(Reply(answer * factor, seconds * (place + 1)))
        said.append(text(session))
        if session.asked is None:
            return said
        session.reply(Reply(1e15))
        row = next(line for line in text(session).splitlines() if line.startswith("✗ "))
        computed = row.rpartition("computed ")[2].split()[0]
        answers.append(float(computed.replace(",", "")))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_computed_is_a_right_answer_to_every_question(seed):
    said = played(seed)
    assert len(said) == 8
    assert not any(line.startswith("✗") for part in said for line in part.splitlines())
    assert said[-1].count("✓ ") == 8  # the last answer's own line, and the card's seven


@pytest.mark.parametrize("seed", SEEDS)
def test_four_times_as_much_is_wrong_every_time(seed):
    card = played(seed, factor=4.0)[-1].partition("To talk through:")[2]
    assert (card.count("✗ "), card.count("✓ ")) == (7, 0)
    assert card.count("you said") == 7


@pytest.mark.parametrize("seed", SEEDS)
def test_the_news_come_after_four_answers_and_the_first_one_is_asked_again(seed):
    said = played(seed)
    assert [place for place, part in enumerate(said) if "News: " in part] == [4]
    case, _ = drawn(seed)
    wanted = sizing.consumers(case.peak, case.work_ms, case.busy)
    assert f"You had planned {amount(wanted.value)} consumers." in said[4]
    session = Session(order_sizing(seed))
    for _ in range(4):
        session.reply(Reply(1.0))
    assert isinstance(session.asked, Number)
    assert session.asked.question == "How many consumers do you run now?"
    assert session.asked.unit == "consumers"


def test_the_way_to_each_result_is_shown_with_its_source():
    said = played(0)
    case, _ = drawn(0)
    for step in sizing.consumers(case.peak, case.work_ms, case.busy).steps:
        assert f"  {step}\n" in said[1]
    assert sizing.LITTLE in said[1]
    assert "Little's law knows averages only" in said[1]
    assert sizing.QUEUING_THEORY in said[2]


def test_hurrying_through_and_over_time_are_both_said_and_neither_is_judged():
    assert f"Time: 3.5 of {amount(MINUTES)} minutes." in played(0)[-1]
    late = played(0, seconds=100.0)[-1]
    assert f"Time: 11.7 of {amount(MINUTES)} minutes, over time." in late
    assert late.count("✗") == 0


def test_a_hasty_drain_time_is_named_for_what_it_forgets():
    case, _ = drawn(0)
    wanted = sizing.consumers(case.peak, case.work_ms, case.busy)
    waiting = sizing.backlog(case.peak, case.outage_minutes).value
    hasty = waiting / sizing.capacity(wanted.value, case.work_ms) / 60
    assert f"would be {amount(hasty)} minutes: it forgets" in played(0)[4]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_revised_drain_time_is_that_of_the_revised_consumers(seed):
    case, demand = drawn(seed)
    changed, _ = changed_by(case, demand, sizing.consumers(case.peak, case.work_ms, case.busy))
    session = Session(order_sizing(seed))
    for _ in range(5):
        session.reply(Reply(1.0))
    assert isinstance(session.asked, Number)
    assert f"The consumers are back, {amount(changed.value)} of them" in session.asked.question


def test_who_comes_back_sees_the_numbers_and_the_news_again():
    first = Session(order_sizing(0))
    for _ in range(5):
        first.reply(Reply(1.0))
    second = Session(order_sizing(0))
    second.catch_up(first.replies)
    assert "orders at the peak" in text(second)
    assert "News: " in text(second)
    assert second.asked == first.asked
