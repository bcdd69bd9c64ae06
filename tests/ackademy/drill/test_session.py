"""The state machine of a drill: replies in, what to show and the next question out."""

import pytest

from ackademy.drill.session import Session
from ackademy.drill.steps import (
    Choose,
    Mend,
    NotAnAnswer,
    Number,
    Reply,
    Script,
    Show,
    ask,
)

COLOUR = Choose("Which colour?", ("red", "green"))
HOW_MANY = Number("How many?", "orders")
CODE = Mend("code.py", "x = 1", ("x",))


def little() -> Script:
    yield Show("You will need this.", again=True)
    yield Show("Hello.")
    colour = yield from ask(COLOUR)
    yield Show(f"You said {COLOUR.options[colour.place]} after {colour.seconds} s.")
    number = yield from ask(HOW_MANY)
    yield Show("News.", again=True)
    while (yield from ask(CODE)).source != "x = 2":
        yield Show("Not yet.")
    yield Show(f"{number.number:g} orders.")


def texts(session: Session) -> list[str]:
    return [step.text for step in session.shown if isinstance(step, Show)]


def test_a_session_shows_what_comes_before_its_first_question():
    session = Session(little())
    assert texts(session) == ["You will need this.", "Hello."]
    assert (session.asked, session.over) == (COLOUR, False)


def test_a_reply_shows_what_follows_it_and_asks_the_next_question():
    session = Session(little())
    session.reply(Reply(1, 12.5))
    assert texts(session) == ["You said green after 12.5 s."]
    assert session.asked == HOW_MANY


def test_code_is_asked_for_until_it_does_what_it_should():
    session = Session(little())
    for value in (0, 3.0, "x = 1"):
        session.reply(Reply(value))
    assert (texts(session), session.asked) == (["Not yet."], CODE)
    session.reply(Reply("x = 2"))
    assert (texts(session), session.over) == (["3 orders."], True)


def test_a_session_that_is_over_takes_no_reply():
    session = Session(little())
    for value in (0, 3.0, "x = 2"):
        session.reply(Reply(value))
    with pytest.raises(AssertionError):
        session.reply(Reply(0))


def test_earlier_replies_bring_a_session_back_with_what_is_needed_to_go_on():
    first = Session(little())
    for value in (1, 3.0, "x = 1"):
        first.reply(Reply(value, 7.0))
    assert first.replies == [Reply(1, 7.0), Reply(3.0, 7.0)]  # the code is in its file
    second = Session(little())
    second.catch_up(first.replies)
    assert second.asked == CODE
    assert texts(second) == ["You will need this.", "News."]
    assert second.replies == first.replies


def test_without_earlier_replies_everything_is_shown():
    session = Session(little())
    session.catch_up([])
    assert texts(session) == ["You will need this.", "Hello."]


@pytest.mark.parametrize("value", [2, -1, 0.5, "red"])
def test_a_reply_that_no_longer_fits_its_question_is_let_go(value):
    session = Session(little())
    session.catch_up([Reply(value), Reply(3.0)])
    assert (session.asked, session.replies) == (COLOUR, [])


# --- reading answers ---------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "place"), [("1", 0), (" 2\n", 1), ("green", 1)])
def test_an_option_is_named_by_its_number_or_its_words(said, place):
    assert COLOUR.read(said) == place


@pytest.mark.parametrize("said", ["0", "3", "", "blue", "1.5", "²"])
def test_what_is_no_option_is_refused_with_the_numbers_there_are(said):
    with pytest.raises(NotAnAnswer, match="is none of the options; give a number, 1 to 2"):
        COLOUR.read(said)


@pytest.mark.parametrize(
    ("said", "value"),
    [("46", 46), ("0.5", 0.5), ("46 orders", 46), ("2e5", 200_000), ("1_000", 1000)],
)
def test_a_number_may_have_its_unit_behind_it(said, value):
    assert HOW_MANY.read(said) == value


@pytest.mark.parametrize("said", ["", "many", "0", "-3", "nan", "inf", "1,000", "5 minutes"])
def test_what_is_no_number_is_refused_with_an_example(said):
    with pytest.raises(NotAnAnswer, match="is no number of orders; write it as 1200 or"):
        HOW_MANY.read(said)
