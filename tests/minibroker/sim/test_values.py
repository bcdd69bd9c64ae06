"""What may cross the boundary, and its text form."""

import json
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibroker.sim.values import MOST_DEEP, CannotCross, crossing, decoded, encoded

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text().filter(lambda key: key != "$bytes"), inner, max_size=4)
    ),
    max_leaves=20,
)


def nested(depth: int) -> Any:
    value: Any = "leaf"
    for _ in range(depth):
        value = [value]
    return value


@settings(deadline=None)  # a busy machine is no failure
@given(values)
def test_a_value_comes_back_equal_from_its_text(value: Any) -> None:
    assert decoded(encoded(crossing(value))) == value


@settings(deadline=None)  # a busy machine is no failure
@given(values)
def test_the_text_of_a_value_is_one_line_of_ascii_json(value: Any) -> None:
    text = encoded(crossing(value))
    assert text.isascii()
    assert "\n" not in text
    json.loads(text)


@settings(deadline=None)  # a busy machine is no failure
@given(values)
def test_types_survive_the_round_trip(value: Any) -> None:
    def types(found: Any) -> Any:
        if isinstance(found, list):
            return [types(item) for item in found]
        if isinstance(found, dict):
            return {key: types(item) for key, item in found.items()}
        return type(found)

    assert types(decoded(encoded(crossing(value)))) == types(value)


def test_neither_side_can_change_what_the_other_holds() -> None:
    sent = {"order": {"lines": [1, 2]}}
    received = crossing(sent)
    sent["order"]["lines"].append(3)
    assert received == {"order": {"lines": [1, 2]}}


class Text(str):
    pass


class Level(IntEnum):
    HIGH = 9


class Order:
    pass


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ((1, 2), "a tuple cannot be sent"),
        ({1, 2}, "a set cannot be sent"),
        (Order(), "a Order cannot be sent"),
        (Text("order-1"), "a Text cannot be sent"),
        (Level.HIGH, "a Level cannot be sent"),
        (bytearray(b"42"), "a bytearray cannot be sent"),
        (1j, "a complex cannot be sent"),
        ({1: "one"}, "a dict with the key 1 cannot be sent"),
        ({Text("id"): 1}, "a dict with the key 'id' cannot be sent"),
        ({"$bytes": "NDI="}, "must not be '$bytes'"),
        (2**63, "must fit in 64 bits"),
        (-(2**63) - 1, "must fit in 64 bits"),
        (10**5_000, "must fit in 64 bits"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_cannot_cross_is_refused_with_a_sentence_wherever_it_stands(
    value: Any, named: str
) -> None:
    for found in (value, [value], {"deep": [{"er": value}]}):
        with pytest.raises(CannotCross) as refused:
            crossing(found)
        assert named in str(refused.value)


def test_nesting_is_bounded() -> None:
    assert crossing(nested(MOST_DEEP)) == nested(MOST_DEEP)
    with pytest.raises(CannotCross, match="nested more than 32 deep"):
        crossing(nested(MOST_DEEP + 1))


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CannotCross, match="nested"):
        crossing(endless)


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", '{"$bytes":"no base64!"}', b"\xff", "[" * 100_000, "1" * 5_000]
)
def test_what_is_no_text_of_a_value_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(text)


def test_the_text_form_is_compact_and_marks_bytes() -> None:
    assert encoded({"id": "ä", "body": b"42", "n": [1, 2.5, None, True]}) == (
        '{"id":"\\u00e4","body":{"$bytes":"NDI="},"n":[1,2.5,null,true]}'
    )


def test_only_values_have_a_text_form() -> None:
    with pytest.raises(TypeError, match="Order has no text form"):
        encoded({"order": Order()})
