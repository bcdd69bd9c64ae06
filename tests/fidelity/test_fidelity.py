"""Every scenario leaves the same history in the simulator, over the wire and on the real broker."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.fidelity import places
from tests.fidelity.history import History, differences, fact
from tests.fidelity.listed import rows
from tests.fidelity.scenario import Scenario, scenarios
from tests.fidelity.simulator import simulate

ALL = [pytest.param(each, id=f"{each.broker}: {each.title}") for each in scenarios()]
simulated = cache(lambda number: simulate(scenarios()[number]))


@pytest.fixture(scope="session")
def wire() -> Iterator[dict[str, str]]:
    with places.minibroker() as addresses:
        yield addresses


def in_the_simulator(scenario: Scenario) -> History:
    history: History = simulated(scenarios().index(scenario))
    return history


@pytest.mark.parametrize("scenario", ALL)
def test_in_the_simulator_a_scenario_shows_the_same_each_time(scenario: Scenario) -> None:
    history = in_the_simulator(scenario)
    assert history, "it has not noted anything"
    assert simulate(scenario) == history


@pytest.mark.parametrize("scenario", ALL)
def test_over_the_wire_it_is_as_in_the_simulator(scenario: Scenario, wire: dict[str, str]) -> None:
    history = places.play(scenario, "wire", wire)
    if not scenario.differs:  # which of the two is the odd one, only the real broker can say
        assert_same(in_the_simulator(scenario), history)


@pytest.mark.broker
@pytest.mark.parametrize("scenario", ALL)
def test_on_the_real_broker_it_is_as_in_the_simulator_or_listed(
    scenario: Scenario, wire: dict[str, str]
) -> None:
    real = places.real(scenario.broker)
    if real.address is None:
        pytest.skip(real.said)
    history = places.play(scenario, "real", {scenario.broker: real.address})
    if scenario.differs:
        ours = [in_the_simulator(scenario), places.play(scenario, "wire", wire)]
        assert any(each != history for each in ours), "it differs no more: take `differs` out"
    else:
        assert_same(history, in_the_simulator(scenario))


def test_what_differs_has_its_row_among_the_differences() -> None:
    listed = {each.differs for each in scenarios() if each.differs}
    assert listed <= rows(), f"not in docs/differences.md: {listed - rows()}"


def assert_same(expected: History, found: History) -> None:
    said: list[Any] = differences(expected, found)
    whole = "\n".join(fact(*each) for each in found)
    assert not said, "\n".join([*said, "all that was found:", whole])
