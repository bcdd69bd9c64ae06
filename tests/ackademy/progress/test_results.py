"""What checks and hints leave behind, and who leaves nothing."""

import pytest

from ackademy.progress import results, store
from ackademy.progress.results import entry_of, record, record_hint
from ackademy.progress.store import Entry
from graders.check import check_notebook, check_source
from graders.content import chaffs, wheats
from graders.spec import load

NAME = "at_least_once_worker"
SPEC = load(NAME)


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ACKADEMY_HOME", str(tmp_path))
    monkeypatch.delenv("ACKADEMY_PROGRESS", raising=False)
    results._say.cache_clear()


def verdicts():
    bad = next(each.source for each in chaffs(NAME) if each.name == "remembers_in_a_set")
    return check_source(SPEC, bad)


def test_a_check_leaves_its_points_the_day_and_what_failed():
    record(NAME, verdicts())
    entry = store.read()[NAME]
    assert (entry.points, entry.most, entry.version) == (6, 10, SPEC.version)
    assert entry.failing == ("charged_once",)
    assert len(entry.day.split("-")) == 3


def test_nothing_of_the_learners_code_is_kept():
    record(NAME, verdicts())
    text = store.path().read_text()
    assert "def " not in text
    assert "order" not in text


def test_a_hint_leaves_its_number():
    record_hint(NAME, 2)
    assert entry_of(NAME) == Entry(hints=(2,))


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no"])
def test_where_progress_is_off_nothing_is_kept(monkeypatch, word):
    monkeypatch.setenv("ACKADEMY_PROGRESS", word)
    record(NAME, verdicts())
    record_hint(NAME, 1)
    assert not store.path().exists()
    assert entry_of(NAME) == Entry()


def test_tests_and_notebooks_that_are_run_here_have_it_off(request):
    source = (request.config.rootpath / "conftest.py").read_text()
    assert 'os.environ["ACKADEMY_PROGRESS"] = "off"' in source


def test_what_cannot_be_kept_is_said_once_and_stops_nothing(tmp_path, monkeypatch, capsys):
    home = tmp_path / "file"
    home.write_text("")
    monkeypatch.setenv("ACKADEMY_HOME", str(home))
    for _ in range(3):
        record(NAME, [])
        record_hint(NAME, 1)
    assert entry_of(NAME) == Entry()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"ackademy: your progress cannot be kept in {home}/progress.json (")


def test_a_further_part_of_the_notebook_counts_for_nothing():
    whole = next(each.source for each in wheats("dead_letter_queue"))
    found = check_notebook("dead_letter_queue", [whole])
    assert "redriven" in [verdict.check for verdict in found if not verdict.most]
    record("dead_letter_queue", found)
    entry = store.read()["dead_letter_queue"]
    assert (entry.points, entry.most, entry.failing) == (18, 18, ())
