"""Plans of faults and their text form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibroker.sim.faults import Fault, crash, parsed, written

plans = st.lists(st.integers(1, 10_000).map(crash)).map(tuple)


@settings(deadline=None)  # a busy machine is no failure
@given(plans)
def test_a_plan_comes_back_equal_from_its_text(plan: tuple[Fault, ...]) -> None:
    assert parsed(written(plan)) == plan


def test_no_fault_at_all_is_written_as_none() -> None:
    assert written(()) == "none"
    assert parsed("none") == ()


@pytest.mark.parametrize(
    "bad",
    ["", "crash", "crash:", "crash:0", "crash:-1", "crash:x", "crash:1.5", "crash:٣", "fire:1"],
)
def test_a_bad_part_is_named(bad: str) -> None:
    with pytest.raises(ValueError, match="is no fault; write crash:N with N from 1") as refused:
        parsed(f"crash:1+{bad}")
    assert str(refused.value).startswith(repr(bad))
