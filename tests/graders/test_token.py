"""Replay tokens: one word that holds all a run depends on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.token import BadToken, Token, fingerprint, token
from minibroker.sim.faults import crash

tokens = st.builds(
    Token,
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=30),
    st.integers(0, 10**6),
    st.lists(st.integers(1, 10**4).map(crash), max_size=3, unique=True).map(tuple),
    st.integers(0, 10**9),
    st.text("0123456789abcdef", min_size=8, max_size=8),
)


@given(tokens)
def test_a_token_comes_back_equal_from_its_word(made: Token) -> None:
    assert token(str(made)) == made


@given(tokens)
def test_a_token_is_one_word_that_can_be_copied(made: Token) -> None:
    assert re.fullmatch(r"\S+", str(made))
    assert token(f"  {made}\n") == made


def test_a_token_reads_as_documented() -> None:
    made = Token("at_least_once_worker", 1, (crash(7), crash(9)), 3, "a1b2c3d4")
    assert str(made) == "at_least_once_worker/1@crash:7+crash:9#s3~a1b2c3d4"
    assert str(Token("x", 1, (), 0, "00000000")) == "x/1@none#s0~00000000"


GOOD = "at_least_once_worker/1@crash:7#s0~a1b2c3d4"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crash:7",
        GOOD[:-1],
        GOOD + "0",
        GOOD.replace("#s0", ""),
        GOOD.replace("/1", ""),
        GOOD.replace("a1b2", "A1B2"),
        GOOD.replace("at_least", "at least"),
        GOOD.replace("s0", "s-1"),
        GOOD + " " + GOOD,
    ],
)
def test_what_is_no_token_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadToken, match="is no replay token; copy the whole word, such as at_least"):
        token(text)


@pytest.mark.parametrize("plan", ["crash", "crash:0", "none+crash:1", "fire:7", "crash:7+", "7"])
def test_a_bad_plan_is_refused_with_the_part_that_is_bad(plan: str) -> None:
    with pytest.raises(BadToken, match=r"has a bad plan: .* is no fault"):
        token(GOOD.replace("crash:7", plan))


def test_the_fingerprint_knows_a_source_by_what_it_says() -> None:
    source = "def worker():\n    return 1\n"
    assert re.fullmatch(r"[0-9a-f]{8}", fingerprint(source))
    assert fingerprint(source) != fingerprint(source.replace("1", "2"))
    assert fingerprint(source) != fingerprint(source.replace("    ", "        "))


@pytest.mark.parametrize(
    "same",
    [
        "def worker():\n    return 1",
        "\n\ndef worker():\n    return 1\n\n",
        "def worker():   \n    return 1\t\n",
        "def worker():\r\n    return 1\r\n",
    ],
)
def test_what_editors_add_and_drop_does_not_count(same: str) -> None:
    assert fingerprint(same) == fingerprint("def worker():\n    return 1\n")
