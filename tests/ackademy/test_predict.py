"""The prediction control: an answer first, then whether it was right, and why."""

import sys

import ipywidgets as widgets
import pytest

import ackademy

QUESTION = "How often is the card charged?"
WHY = "The ack was lost <with> the crash."


@pytest.fixture
def asked():
    return ackademy.predict(QUESTION, ["once", "twice", 3], "twice", WHY)


def buttons(asked: widgets.VBox) -> list[widgets.Button]:
    return list(asked.children[1].children)


def said(asked: widgets.VBox) -> str:
    return asked.children[2].value


def click(asked: widgets.VBox, option: str) -> None:
    next(each for each in buttons(asked) if each.description == option).click()


def test_it_asks_and_offers_each_option_and_says_nothing_yet(asked):
    assert QUESTION in asked.children[0].value
    assert [each.description for each in buttons(asked)] == ["once", "twice", "3"]
    assert [each.button_style for each in buttons(asked)] == ["", "", ""]
    assert said(asked) == ""


def test_the_right_answer_is_a_yes_with_the_reason(asked):
    click(asked, "twice")
    assert said(asked) == "Yes. The ack was lost &lt;with&gt; the crash."
    assert [each.button_style for each in buttons(asked)] == ["", "success", ""]


@pytest.mark.parametrize("option", ["once", "3"])
def test_a_wrong_answer_is_a_no_with_the_reason(asked, option):
    click(asked, option)
    assert said(asked).startswith("No. The ack was lost")
    styles = {each.description: each.button_style for each in buttons(asked)}
    assert styles == {"once": "", "twice": "", "3": ""} | {option: "warning"}


def test_an_answer_can_be_changed(asked):
    click(asked, "once")
    click(asked, "twice")
    assert said(asked).startswith("Yes. ")
    assert [each.button_style for each in buttons(asked)] == ["", "success", ""]


def test_without_a_reason_it_is_yes_or_no_alone():
    asked = ackademy.predict(QUESTION, ["once", "twice"], "twice")
    click(asked, "once")
    assert said(asked) == "No."


def test_a_question_is_text_and_no_markup():
    asked = ackademy.predict("<script>alert(1)</script>", ["a"], "a")
    assert "<script>" not in asked.children[0].value
    assert "&lt;script&gt;" in asked.children[0].value


def test_an_answer_that_is_no_option_is_the_authors_mistake():
    with pytest.raises(ValueError, match="the answer 'never' is not among the options; add it"):
        ackademy.predict(QUESTION, ["once", "twice"], "never")


WORDS = f"Predict. {QUESTION}\n  ( ) once\n  ( ) twice\n  ( ) 3"


def test_a_front_end_without_widgets_shows_the_words(asked):
    shown = asked._repr_mimebundle_()
    assert shown["text/plain"] == WORDS
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_the_words_do_not_give_the_answer_away(asked):
    assert WHY not in asked._repr_mimebundle_()["text/plain"]


def test_without_ipywidgets_the_words_are_printed(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert ackademy.predict(QUESTION, ["once", "twice", 3], "twice", WHY) is None
    assert capsys.readouterr().out == WORDS + "\n"


def test_the_helper_is_still_there_after_it_was_used():
    """As when the cell that imports it is run again."""
    ackademy.predict(QUESTION, ["once"], "once")
    assert callable(ackademy.predict)
