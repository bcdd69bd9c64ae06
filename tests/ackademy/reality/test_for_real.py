"""Learners' code in real processes, with the real clients, killed for real; on the bundled broker
over the wire, and on a real one where there is one."""

import asyncio
from collections.abc import Iterator

import pytest

from ackademy.cells import CannotDo
from ackademy.reality.choose import Schedule
from ackademy.reality.compare import Compared, compared
from ackademy.reality.perform import Plan, perform
from ackademy.reality.points import point_of
from ackademy.reality.session import MINI, Place, place
from graders.content import chaffs, wheats
from graders.explore import launcher, run
from graders.judges import judge
from graders.spec import load
from minibroker.sim.faults import parsed
from minibroker.sim.inline import Inline

pytestmark = pytest.mark.slow


def tried(exercise: str, name: str, plan: str, where: Place) -> Compared:
    """One schedule of a wheat or chaff, for real, beside what the simulator says."""
    sources = {each.name: each.source for each in (*wheats(exercise), *chaffs(exercise))}
    spec, source = load(exercise), sources[name]
    launch = launcher(spec, Inline(source), 0)
    free, faults = run(spec, launch, (), 0), parsed(plan)
    simulated = run(spec, launch, faults, 0)
    anomalies = {name for check in spec.checks for name in check.anomalies}
    found = tuple(name for name in anomalies if judge(name).find(simulated.trace))
    points = tuple(point_of(free.trace, fault) for fault in faults)
    rest = max(event.at for event in simulated.trace)
    schedule = Schedule(faults, points, found, rest)

    async def story() -> Compared:
        async with where.broker() as addresses:
            shown = await perform(Plan(spec, source, points, rest), addresses)
            return compared(spec, schedule, shown)

    return asyncio.run(story())


CASES = [
    pytest.param("dead_letter_queue", "acks_before_it_moves", "crash:14", "lost_message",
                 id="an order that was acked before a crash is lost"),
    pytest.param("dead_letter_queue", "requeues_for_ever", "none", "stuck",
                 id="a poison message goes round"),
    pytest.param("exactly_once", "lets_it_crash", "none", "",
                 id="transactions without a fault keep every promise"),
    pytest.param("exactly_once", "no_idempotency_key", "crash:32", "duplicate_effect",
                 id="a charge before a crash is made again"),
]  # fmt: skip

NEEDS = {
    "dead_letter_queue": pytest.mark.broker("docker:rabbitmq", "native:rabbitmq"),
    "exactly_once": pytest.mark.broker("docker:kafka", "native:kafka"),
}
ON_REAL = [pytest.param(*case.values, id=case.id, marks=NEEDS[case.values[0]]) for case in CASES]


@pytest.mark.parametrize(("exercise", "name", "plan", "anomaly"), CASES)
def test_the_bundled_broker_over_the_wire_agrees_with_the_simulator(
    exercise: str, name: str, plan: str, anomaly: str
) -> None:
    with place(MINI, load(exercise)) as where:
        result = tried(exercise, name, plan, where)
    assert result.outcome == "agrees", result.sentence
    assert {anomaly} - {""} <= {each.anomaly for each in result.found}


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Where an exercise has a real broker, by Docker or on this machine."""
    exercise = request.getfixturevalue("exercise")
    reasons = []
    for provider in ("docker", "native"):
        try:
            with place(provider, load(exercise)) as where:
                yield where
                return
        except CannotDo as error:
            reasons.append(str(error))
    pytest.skip("; ".join(reasons))


@pytest.mark.parametrize(("exercise", "name", "plan", "anomaly"), ON_REAL)
def test_a_real_broker_agrees_with_the_simulator(
    exercise: str, name: str, plan: str, anomaly: str, real: Place
) -> None:
    result = tried(exercise, name, plan, real)
    assert result.outcome == "agrees", result.sentence
    assert {anomaly} - {""} <= {each.anomaly for each in result.found}
