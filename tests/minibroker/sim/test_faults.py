"""Plans of faults and their text form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibroker.sim.faults import KINDS, Fault, crash, parsed, written

faults = st.builds(Fault, st.sampled_from(KINDS), st.integers(1, 10_000))
plans = st.lists(faults, unique_by=lambda fault: fault.at).map(tuple)


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
    with pytest.raises(ValueError, match="is no fault; write one of crash, definite") as refused:
        parsed(f"crash:1+{bad}")
    assert str(refused.value).startswith(repr(bad))


def test_two_faults_at_one_effect_are_refused() -> None:
    with pytest.raises(ValueError, match="effect 7 has two faults; give it one"):
        parsed("crash:7+pause:7")


def test_a_crash_is_written_as_its_kind_and_the_effect() -> None:
    assert written((crash(7), Fault("indefinite", 12))) == "crash:7+indefinite:12"
