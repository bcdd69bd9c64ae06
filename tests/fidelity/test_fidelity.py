"""Every scenario leaves the same history in the simulator, over the wire and on the real broker."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import pytest

from tests.fidelity import places
from tests.fidelity.history import History, differences, fact
from tests.fidelity.listed import rows
from tests.fidelity.scenario import Scenario, scenarios
from tests.fidelity.simulator import simulate

ALL = [pytest.param(each, id=f"{each.broker}: {each.title}") for each in scenarios()]

Histories = dict[tuple[str, str], Future[History]]
"""By the broker and the title of a scenario."""


@cache
def simulated(broker: str, title: str) -> History:
    [scenario] = [each for each in scenarios() if (each.broker, each.title) == (broker, title)]
    return simulate(scenario)


def in_the_simulator(scenario: Scenario) -> History:
    return simulated(scenario.broker, scenario.title)


@contextmanager
def _played(
    request: pytest.FixtureRequest, addresses: Callable[[str], dict[str, str]]
) -> Iterator[Histories]:
    """Play what the tests that ask for this fixture are about."""
    chosen = {
        (each.broker, each.title): each
        for item in request.session.items
        if request.fixturename in getattr(item, "fixturenames", ())
        # Another file may have a fixture of that name.
        and hasattr(item, "callspec")
        and isinstance(each := item.callspec.params.get("scenario"), Scenario)
    }
    with ThreadPoolExecutor(places.AT_ONCE) as pool:
        try:
            yield {
                key: pool.submit(places.play, each, request.fixturename, where)
                for key, each in chosen.items()
                if (where := addresses(each.broker))
            }
        finally:
            pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    with places.minibroker() as found:
        yield found


@pytest.fixture(scope="session")
def wire(addresses: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Histories]:
    """What the scenarios that were chosen show over the wire; they are played some at a time."""
    with _played(request, lambda broker: addresses) as histories:
        yield histories


@pytest.fixture(scope="session")
def real(request: pytest.FixtureRequest) -> Iterator[Histories]:
    """The same on the real brokers that are there."""

    def address(broker: str) -> dict[str, str]:
        found = places.real(broker).address
        return {} if found is None else {broker: found}

    with _played(request, address) as histories:
        yield histories


@pytest.mark.parametrize("scenario", ALL)
def test_in_the_simulator_a_scenario_shows_the_same_each_time(scenario: Scenario) -> None:
    history = in_the_simulator(scenario)
    assert history, "it has not noted anything"
    assert simulate(scenario) == history


@pytest.mark.parametrize("scenario", ALL)
def test_over_the_wire_it_is_as_in_the_simulator(scenario: Scenario, wire: Histories) -> None:
    history = wire[scenario.broker, scenario.title].result()
    if not scenario.differs:  # which of the two is the odd one, only the real broker can say
        assert_same(in_the_simulator(scenario), history)


# On a broker that runs already or that ACKADEMY_BROKERS asks for. `make fidelity` starts all; it
# takes some minutes, and a broker that is slow for once would fail everything else.
@pytest.mark.parametrize("scenario", ALL)
def test_on_a_real_broker_it_is_as_in_the_simulator_or_listed(
    scenario: Scenario, real: Histories, addresses: dict[str, str]
) -> None:
    if places.real(scenario.broker).address is None:
        pytest.skip(places.real(scenario.broker).said)
    history = real[scenario.broker, scenario.title].result()
    if scenario.differs:
        ours = [in_the_simulator(scenario), places.play(scenario, "wire", addresses)]
        assert any(each != history for each in ours), "it differs no more: take `differs` out"
    else:
        assert_same(history, in_the_simulator(scenario))


def test_what_differs_has_its_row_among_the_differences() -> None:
    listed = {each.differs for each in scenarios() if each.differs}
    assert listed <= rows(), f"not in docs/differences.md: {listed - rows()}"


def assert_same(expected: History, found: History) -> None:
    said = differences(expected, found)
    whole = [fact(*each) for each in found]
    assert not said, "\n".join([*said, "all that was found:", *whole])
