"""Topic patterns against the definition, written as it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibroker.queues.topic import matches, words


def says(pattern: list[str], key: list[str]) -> bool:
    """``*`` is one word, ``#`` none or more."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return says(pattern[1:], key) or (bool(key) and says(pattern, key[1:]))
    return bool(key) and pattern[0] in ("*", key[0]) and says(pattern[1:], key[1:])


@given(
    st.lists(st.sampled_from(["a", "b", "", "*", "#"]), max_size=6),
    st.lists(st.sampled_from(["a", "b", "", "*"]), max_size=6),
)
def test_a_pattern_matches_what_its_definition_says(pattern: list[str], key: list[str]) -> None:
    assert matches(pattern, key) == says(pattern, key)


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("order.paid", "order.paid", True),
        ("order.paid", "order.paid.eu", False),
        ("order.*", "order.paid", True),
        ("order.*", "order", False),
        ("order.*", "order.paid.eu", False),
        ("order.#", "order", True),
        ("order.#", "order.paid.eu", True),
        ("#.eu", "order.paid.eu", True),
        ("#", "", True),
        ("*", "", False),
        ("", "", True),
        ("*.*", ".", True),
    ],
)
def test_a_pattern_matches_word_by_word(pattern: str, key: str, expected: bool) -> None:
    assert matches(words(pattern), words(key)) == expected


def test_many_hashes_are_no_trouble() -> None:
    assert not matches(["#", "a"] * 200, ["a"] * 150)
