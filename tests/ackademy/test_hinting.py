"""Hints come one after the other, and are remembered."""

import pytest

from ackademy import hinting
from ackademy.cells import CannotDo
from ackademy.progress import store
from ackademy.progress.store import Entry, change
from graders.hints import Hint

NAME = "at_least_once_worker"
HINTS = [
    Hint("Look", "a"), Hint("Lost", "b", "nothing_lost"), Hint("Twice", "c", "charged_once"),
    Hint("Twice again", "d", "charged_once"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ACKADEMY_HOME", str(tmp_path))
    monkeypatch.delenv("ACKADEMY_PROGRESS", raising=False)
    monkeypatch.setattr(hinting, "hints", lambda _: HINTS)


def take(number: int | None = None, force: bool = False) -> str:
    return hinting.take(NAME, number, force, lambda n: f"hint {n}")


def failing(*checks: str) -> None:
    change(lambda entries: entries.__setitem__(NAME, Entry(1, 10, 1, "", (), checks)))


def title(text: str) -> str:
    return text.splitlines()[0].partition(": ")[2]


def test_each_time_the_next_one_and_then_the_list_of_all():
    assert take() == "Hint 1 of 4: Look\n\na\n\nStill stuck? hint 2"
    assert [title(take()) for _ in range(3)] == ["Lost", "Twice", "Twice again"]
    said = take()
    assert said.startswith(f"You have seen all 4 hints for {NAME}:\n\n  1 Look\n  2 Lost\n")
    assert "To read one again: hint 1" in said


def test_a_seen_hint_can_be_read_again_and_counts_once():
    take()
    assert title(take(1)) == "Look"
    assert store.read()[NAME].hints == (1,)


def test_a_hint_further_on_than_the_next_is_not_given_but_with_force():
    with pytest.raises(CannotDo) as refused:
        take(3)
    assert str(refused.value) == (
        "hint 3 gives more away than hint 1, which you have not seen; hint 1 shows that one, and "
        "--force (force=True in a notebook) this one"
    )
    assert store.read() == {}
    assert title(take(3, force=True)) == "Twice"
    assert title(take()) == "Look"


def test_the_hint_for_the_failing_check_comes_first_and_those_for_passing_ones_last():
    failing("charged_once")
    assert [title(take()) for _ in range(4)] == ["Twice", "Twice again", "Look", "Lost"]


def test_the_last_hint_asks_for_no_other():
    for _ in range(3):
        take()
    assert "Still stuck" not in take()


@pytest.mark.parametrize("number", [0, -1, 5])
def test_a_number_that_no_hint_has_is_refused(number):
    with pytest.raises(CannotDo, match=f"^{NAME} has hints 1 to 4; give one of them$"):
        take(number, force=True)


def test_without_memory_any_hint_is_given_and_leads_to_the_one_after(monkeypatch):
    monkeypatch.setenv("ACKADEMY_PROGRESS", "off")
    assert [title(take()), title(take())] == ["Look", "Look"]
    assert take(3).endswith("Still stuck? hint 4")
    assert "Still stuck" not in take(4)
