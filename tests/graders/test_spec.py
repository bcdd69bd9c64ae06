"""Specs: what an exercise is, and that each one that there is holds together."""

import re
from dataclasses import replace

import pytest

from graders.explore import members
from graders.judges import judge
from graders.spec import Check, Role, Spec, UnknownName, load, names
from graders.stage import Cast, Stage, perform
from minibroker.clients import MODULES
from minibroker.sim.effect import Caller, Exit, Process, Reply, Step
from minibroker.sim.incarnation import NAME_KIND
from minibroker.sim.trace import Owed, Published

ALL = [pytest.param(load(name), id=name) for name in names()]


class Returns:
    """A process that does nothing."""

    def start(self, now: int) -> Step:
        return Exit("returned")

    def resume(self, reply: Reply) -> Step:
        raise AssertionError

    def kill(self) -> None: ...


def scene(spec: Spec, seed: int) -> list[object]:
    """What the scenario publishes, and what it owes."""

    def launch(caller: Caller) -> Process:
        return Returns()

    found = perform(spec.scenario, [Cast("nobody", 0)], launch, (), seed, 10)
    return [event for event in found.trace if isinstance(event, Published | Owed)]


# --- every spec that there is ------------------------------------------------------------------


@pytest.mark.parametrize("spec", ALL)
def test_a_spec_holds_together(spec: Spec) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", spec.name)
    assert spec.version >= 1
    assert spec.roles
    assert len(set(spec.entries)) == len(spec.entries)
    assert all(entry.isidentifier() for entry in spec.entries)
    kinds = {*MODULES, NAME_KIND}
    assert all(kind in kinds for role in spec.roles for kind in role.clients.values())
    ids = [check.id for check in spec.checks]
    assert len(set(ids)) == len(ids)


def optional_parts() -> set[str]:
    return {part for spec in map(load, names()) for part in spec.parts}


@pytest.mark.parametrize("spec", ALL)
def test_every_check_is_worth_points_and_looks_for_something_that_is_judged(spec: Spec) -> None:
    for check in spec.checks:
        assert check.points > 0 or spec.name in optional_parts()
        assert check.anomalies
        assert all(judge(anomaly).anomaly == anomaly for anomaly in check.anomalies)
        assert check.promise[0].islower()
        assert not check.promise.endswith(".")
    assert spec.points == sum(check.points for check in spec.checks)


@pytest.mark.parametrize("spec", ALL)
def test_a_scenario_does_the_same_for_the_same_seed(spec: Spec) -> None:
    for seed in range(3):
        assert scene(spec, seed) == scene(spec, seed)


@pytest.mark.parametrize("spec", ALL)
def test_a_variant_asks_for_as_much_as_the_original(spec: Spec) -> None:
    def amount(seed: int) -> tuple[int, int, int]:
        events = scene(spec, seed)
        owed = [event for event in events if isinstance(event, Owed)]
        return len(events), len(owed), len({(event.kind, event.subject) for event in owed})

    assert amount(0)[1] > 0
    assert {amount(seed) for seed in range(10)} == {amount(0)}


def test_the_exercise_s_variants_differ() -> None:
    spec = load("at_least_once_worker")
    variants = [scene(spec, seed) for seed in range(5)]
    assert all(variants[0] != other for other in variants[1:])


# --- names -------------------------------------------------------------------------------------


def test_specs_are_found_by_their_names() -> None:
    assert "at_least_once_worker" in names()
    assert load("at_least_once_worker").name == "at_least_once_worker"


def test_a_name_that_nobody_has_comes_with_the_closest() -> None:
    with pytest.raises(
        UnknownName,
        match=r"^there is no exercise 'at_least_one_worker'; did you mean at_least_once_worker\?$",
    ):
        load("at_least_one_worker")


def test_a_check_that_nobody_has_comes_with_those_there_are() -> None:
    spec = load("at_least_once_worker")
    assert spec.check("nothing_lost").id == "nothing_lost"
    with pytest.raises(UnknownName, match="there is no check 'nothing_los'; did you mean nothing_"):
        spec.check("nothing_los")
    with pytest.raises(UnknownName, match="nothing_lost or charged_once or queue_drained"):
        spec.check("poison")


def test_a_role_that_is_played_by_several_gives_each_a_name() -> None:
    def quiet(stage: Stage) -> None: ...

    one, two = Role("client", {}), Role("server", {}, count=2)
    spec = Spec("x", 1, (one, two), quiet, (Check("a", 1, ("stuck",), "it is"),))
    assert members(spec) == {"client": one, "server-1": two, "server-2": two}
    assert replace(spec, roles=(one,)).entries == ("client",)
    assert spec.entries == ("client", "server")
