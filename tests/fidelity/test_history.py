"""How histories are read and compared."""

import pytest

from tests.fidelity.history import alias, differences, notes_to, read


def noted(*facts, suffix=""):
    lines = []
    note = notes_to(lines.append)
    for what, values in facts:
        note(what, **values)
    return read(["something that was printed", *lines], suffix)


def test_values_come_back_as_they_were_noted() -> None:
    values = {"value": b"\x00\xff", "offset": 3, "error": None, "both": ["a", [1, True]]}
    assert noted(("received", values)) == [("received", values)]


def test_names_are_shown_without_what_makes_them_unique() -> None:
    facts = [("made", {"topic": "orders-x7", "key": b"orders-x7"})]
    assert noted(*facts, suffix="-x7") == [("made", {"topic": "orders", "key": b"orders"})]


def test_what_varies_is_numbered_in_order_of_appearance() -> None:
    first, second = alias("member", "b0f3"), alias("member", "91aa")
    found = noted(("joined", {"who": first}), ("joined", {"who": second}), ("left", {"who": first}))
    assert [values["who"] for _, values in found] == ["member 1", "member 2", "member 1"]


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(TypeError, match="plain values"):
        noted(("received", {"value": object()}))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([("a", {"x": 1}), ("b", {})], []),
        ([("a", {"x": 2}), ("b", {})], ["fact 1, a: x is 1, not 2"]),
        ([("a", {"x": True}), ("b", {})], ["fact 1, a: x is 1, not True"]),
        ([("a", {}), ("b", {})], ["fact 1, a: x is 1, not 'nothing'"]),
        ([("a", {"x": 1}), ("c", {})], ["fact 2 is b(), not c()"]),
        ([("a", {"x": 1})], ["only what was expected goes on: b()"]),
        ([("a", {"x": 1}), ("b", {}), ("c", {})], ["only what was found goes on: c()"]),
    ],
)
def test_a_difference_is_told_in_a_sentence(found, said) -> None:
    assert differences([("a", {"x": 1}), ("b", {})], found) == said
