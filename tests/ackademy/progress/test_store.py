"""The file of a learner's progress: it loses nothing and is in nobody's way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ackademy.progress import store
from ackademy.progress.store import Entry, NotKept, change, checked, path, read, seen

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ACKADEMY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def put(name: str, entry: Entry) -> None:
    change(lambda entries: entries.__setitem__(name, entry))


def test_before_anything_is_kept_there_is_nothing_and_no_folder(home):
    assert read() == {}
    assert not home.exists()


def test_what_is_kept_is_read_again(home):
    entry = Entry(4, 10, 1, "2026-01-05", (1, 2), ("charged_once",))
    put("one", entry)
    assert read() == {"one": entry}
    assert sorted(each.name for each in home.iterdir()) == ["progress.json", "progress.lock"]


def test_a_change_that_changes_nothing_writes_nothing(home):
    put("one", Entry(4, 10))
    before = path().stat().st_ino
    put("one", Entry(4, 10))
    assert path().stat().st_ino == before


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"ACKADEMY_HOME": "/a/b"}, "linux", "/a/b"),
        ({"XDG_DATA_HOME": "/data"}, "linux", "/data/ackademy"),
        ({"XDG_DATA_HOME": "data"}, "linux", "/me/.local/share/ackademy"),
        ({}, "linux", "/me/.local/share/ackademy"),
        ({"XDG_DATA_HOME": "/data"}, "darwin", "/me/Library/Application Support/ackademy"),
    ],
)
def test_the_file_is_where_the_system_keeps_such_data(monkeypatch, environment, platform, folder):
    for name in ("ACKADEMY_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/me", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(store.sys, "platform", platform)
    assert path() == Path(folder) / "progress.json"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff", b'{"format": 1}', b'{"format": 0, "exercises": {}}',
        b'{"format": 1, "exercises": {"one": {"points": "4"}}}', b"[" * 100_000,
        json.dumps({"format": 1, "exercises": {"one": {
            "points": 1, "most": 1, "version": 1, "day": "", "hints": ["1"], "failing": []}}}
        ).encode(),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_set_aside_and_said(home, capsys, content):
    home.mkdir()
    path().write_bytes(content)
    assert read() == {}
    aside = home / "progress.broken-1.json"
    assert aside.read_bytes() == content
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"ackademy: {path()} could not be read, so it is now {aside.name} and a new one is begun; "
        "your notebooks are untouched, and a check writes its result again\n"
    )
    put("one", Entry(1, 1))
    path().write_bytes(b"{")
    assert read() == {}
    assert (home / "progress.broken-2.json").read_bytes() == b"{"
    assert aside.read_bytes() == content


def test_a_file_of_a_newer_version_is_left_alone(home):
    home.mkdir()
    path().write_text('{"format": 2, "exercises": []}')
    with pytest.raises(NotKept, match="was written by a newer Ackademy; upgrade this one"):
        read()
    with pytest.raises(NotKept):
        put("one", Entry(1, 1))
    assert path().read_text() == '{"format": 2, "exercises": []}'


def test_a_folder_that_cannot_be_made_is_one_sentence(home):
    home.write_text("a file")
    with pytest.raises(NotKept, match=r"cannot be kept in .* \(.*\); make that folder writable"):
        put("one", Entry(1, 1))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(home, monkeypatch):
    put("one", Entry(1, 1))

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(store.os, "replace", fails)
    with pytest.raises(NotKept, match="disk full"):
        put("two", Entry(1, 1))
    assert read() == {"one": Entry(1, 1)}
    assert sorted(each.name for each in home.iterdir()) == ["progress.json", "progress.lock"]


WRITER = """
import sys
from ackademy.progress.store import Entry, change
for number in range(40):
    change(lambda entries: entries.__setitem__(f"{sys.argv[1]}-{number}", Entry(1, 1)))
"""


def test_writers_at_the_same_time_lose_nothing_of_each_others():
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name], cwd=ROOT, env=os.environ, stderr=subprocess.PIPE
        )
        for name in ("a", "b", "c")
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, b"")
    assert len(read()) == 120


# --- what an entry becomes ---------------------------------------------------------------------


def test_the_best_result_stays_with_its_day_and_the_failing_checks_are_the_last_ones():
    best = Entry(6, 10, 1, "2026-01-05", (1,), ("charged_once",))
    worse = Entry(4, 10, 1, "2026-01-06", (), ("nothing_lost", "queue_drained"))
    assert checked(best, worse) == Entry(6, 10, 1, "2026-01-05", (1,), worse.failing)
    better = Entry(10, 10, 1, "2026-01-07")
    assert checked(best, better) == Entry(10, 10, 1, "2026-01-07", (1,), ())


def test_a_first_check_without_points_is_kept_too():
    assert checked(Entry(hints=(2,)), Entry(0, 10, 1, "2026-01-05")) == Entry(
        0, 10, 1, "2026-01-05", (2,)
    )


def test_points_of_an_earlier_version_make_way_and_those_of_a_later_one_do_not():
    first, second = Entry(10, 10, 1, "2026-01-05"), Entry(4, 12, 2, "2026-01-06")
    assert checked(first, second) == second
    assert checked(second, first) == second


def test_a_hint_is_seen_once():
    assert seen(seen(seen(Entry(), 2), 1), 2).hints == (1, 2)
