"""The widget that steps through a timeline: what it is sent, and what it costs nobody."""

import re
import subprocess
import sys

import pytest

from ackademy import viewer
from ackademy.show import Pieces
from graders.steps import steps
from tests.graders import stories

STILL = Pieces("<svg></svg>", "the words").bundle
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def run():
    verdict = stories.failing(stories.FORGETS, "charged_once")
    return steps(verdict.witness, verdict.findings)


def test_the_widget_is_sent_the_steps_and_nothing_else_of_ours(run):
    made = viewer.widget(run, STILL)
    own = {name: value for name, value in made.get_state().items() if not name.startswith("_")}
    assert {name: own[name] for name in own if name not in ("layout", "tabbable", "tooltip")} == {
        "run": run
    }


def test_a_front_end_without_widgets_gets_the_picture_and_the_words(run):
    data, _ = viewer.widget(run, STILL)._repr_mimebundle_()
    assert data.pop(WIDGET)
    assert data == {"image/svg+xml": "<svg></svg>", "text/plain": "the words"}


def test_where_anywidget_is_missing_there_is_no_widget(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    viewer._kind.cache_clear()
    assert viewer.widget(run, STILL) is None


def test_nothing_of_widgets_is_imported_before_one_is_asked_for():
    code = (
        "import sys, ackademy, ackademy.notebook, ackademy.viewer, graders.steps\n"
        "names = ('anywidget', 'ipywidgets', 'traitlets', 'IPython')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_script_takes_texts_as_texts_and_loads_nothing():
    script = (viewer.HERE / "viewer.js").read_text(encoding="utf-8")
    style = (viewer.HERE / "viewer.css").read_text(encoding="utf-8")
    for name in (
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(",
        "XMLHttpRequest", "import(", "http:", "https:", "setAttribute(\"on",
    ):  # fmt: skip
        assert name not in script
    assert not re.search(r"^\s*import\b", script, re.MULTILINE)
    assert "@import" not in style
    assert "url(" not in style


@pytest.mark.parametrize(
    "name",
    ["viewer", "prev", "next", "play", "anomaly", "slider", "count", "sentence", "picture",
     "queues", "processes", "outside"],
)  # fmt: skip
def test_what_a_browser_test_looks_for_has_a_stable_name(name):
    assert f'"ack-{name}"' in (viewer.HERE / "viewer.js").read_text(encoding="utf-8")
