"""A drill in a notebook, in a real IPython shell of this process."""

import sys
from types import SimpleNamespace

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from ackademy import notebook
from ackademy.drill import notebook as front
from graders.content import chaffs, wheats

GOOD = next(each.source for each in wheats("poison_message") if each.name == "three_tries")
BAD = next(each.source for each in chaffs("poison_message") if each.name == "logs_and_acks")


@pytest.fixture(scope="module")
def one_shell(tmp_path_factory):
    config = Config()
    config.HistoryManager.enabled = False  # no file, no thread
    InteractiveShell.clear_instance()
    folder = str(tmp_path_factory.mktemp("ipython"))
    yield InteractiveShell.instance(config=config, ipython_dir=folder, colors="nocolor")
    InteractiveShell.clear_instance()


@pytest.fixture
def run(one_shell, monkeypatch, tmp_path):
    """Run a cell; gives what it printed and displayed, and the cell it asked for below."""
    one_shell.history_manager.input_hist_raw[:] = [""]
    one_shell.events.callbacks["pre_run_cell"].clear()
    monkeypatch.setattr(notebook, "_ran", [])
    monkeypatch.setattr(front, "_at", None)
    monkeypatch.chdir(tmp_path)
    notebook._watch()

    def cell(source: str) -> SimpleNamespace:
        below: list[str] = []
        one_shell.set_next_input = below.append
        with capture_output() as captured:
            ended = one_shell.run_cell(source, store_history=True)
        return SimpleNamespace(
            out=captured.stdout, shown=captured.outputs, error=ended.error_in_exec, below=below
        )

    cell("from ackademy import drill")
    return cell


@pytest.fixture
def row(monkeypatch):
    """The buttons that were displayed last."""
    shown: list[widgets.VBox] = []

    def display(what: object, **_: object) -> None:
        if isinstance(what, widgets.VBox):
            shown.append(what)

    monkeypatch.setattr("IPython.display.display", display)
    return lambda: list(shown[-1].children[0].children)


def test_the_drills_are_listed(run):
    assert "poison_message, about 15 minutes" in run("drill.drills()").out


def test_a_start_shows_the_code_and_asks_the_first_question(run):
    said = run('drill.start("poison_message")')
    assert "basic_nack(method.delivery_tag, requeue=True)" in said.out
    assert "How many times is the malformed order handed out?\n  1. once\n" in said.out


def test_answers_go_from_question_to_question_to_the_timeline(run):
    run('drill.start("poison_message")')
    assert "What becomes of the good orders behind it?" in run("drill.answer(4)").out
    said = run("drill.answer('they wait in the queue, and nobody gets to them')")
    assert "✓ the good orders behind it" in said.out
    pictures = [each.data["image/svg+xml"] for each in said.shown if "image/svg+xml" in each.data]
    assert [picture[:5] for picture in pictures] == ["<svg "]


def test_the_code_to_mend_is_put_into_the_next_cell_and_the_cell_run_last_is_checked(run):
    run('drill.start("poison_message")')
    run("drill.answer(4)")
    run("drill.answer(2)")
    asked = run("drill.answer(1)")
    [starter] = asked.below
    assert "requeue=True" in starter
    assert "no cell defines worker" in run("drill.answer()").out
    run(BAD)
    assert "✗ nothing lost: order-3 was lost" in run("drill.answer()").out
    run(GOOD)
    assert "In an interview, in a minute:" in run("drill.answer()").out
    assert "no drill is waiting for an answer" in run("drill.answer()").out


def test_an_answer_that_is_none_gets_a_sentence(run):
    run('drill.start("poison_message")')
    assert run("drill.answer(9)").out.startswith("'9' is none of the options; give a number")
    assert run("drill.answer()").out.startswith("'' is none of the options")


def test_an_answer_without_a_drill_says_how_to_begin_one(run):
    said = run("drill.answer(1)")
    assert said.error is None
    assert said.out.startswith('no drill is waiting for an answer; begin one with drill.start("')


def test_a_drill_that_was_left_goes_on_in_another_kernel(run, monkeypatch):
    run('drill.start("order_sizing")')
    run("drill.answer(40)")
    monkeypatch.setattr(front, "_at", None)
    said = run('drill.start("order_sizing")')
    assert "Going on after 1 answer" in said.out
    assert "Which prefetch does each consumer need" in said.out
    assert "left] " in said.out


def test_a_click_answers_once_and_goes_on_below(run, row, capsys):
    run('drill.start("poison_message")')
    first = row()
    assert [each.description for each in first] == ["1", "2", "3", "4"]
    first[3].click()
    assert "What becomes of the good orders behind it?" in capsys.readouterr().out
    assert [each.disabled for each in first] == [True] * 4
    second = row()
    first[0].click()  # a browser would not let it
    assert capsys.readouterr().out == ""
    assert row() == second


def test_a_click_on_check_it_checks_the_cell_run_last_as_often_as_one_likes(run, row, capsys):
    run('drill.start("poison_message")')
    for place in (3, 1, 0):
        row()[place].click()
    assert "The code to change:" in capsys.readouterr().out
    [check] = row()
    assert check.description == "Check it"
    check.click()
    assert "no cell defines worker" in capsys.readouterr().out
    run(BAD)
    check.click()
    assert "✗ nothing lost" in capsys.readouterr().out
    run(GOOD)
    check.click()
    assert "In an interview, in a minute:" in capsys.readouterr().out


def test_without_widgets_the_words_are_enough(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    said = run('drill.start("poison_message")')
    assert said.error is None
    assert said.shown == []
    assert "Click, or run drill.answer(NUMBER)." in said.out


def test_where_widgets_cannot_be_drawn_nothing_stands_for_them(run):
    [shown] = run('drill.start("poison_message")').shown
    assert shown.data["text/plain"] == ""
    assert "application/vnd.jupyter.widget-view+json" in shown.data
