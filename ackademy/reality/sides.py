"""The brokers of a run: which it needs, by its spec, and where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from graders.explore import run
from graders.judges.debts import RECORD
from graders.spec import Spec
from graders.stage import Stage
from minibroker.queues.broker import Broker
from minibroker.sim.effect import Exit, Reply, Step
from minibroker.sim.trace import Appended, Owed, Published, RetryPolicy, Trace
from minibroker.sim.world import World

if TYPE_CHECKING:
    from ackademy.reality.perform import _Run


class Side(Protocol):
    """One broker in one run."""

    async def address(self, who: str) -> dict[str, Any]:
        """What the job of an incarnation says about where its broker is."""

    async def gone(self, who: str) -> None:
        """The incarnation has ended."""

    def at_rest(self) -> bool:
        """Whether nothing is left to be done."""

    def read(self) -> None:
        """All processes have ended: complete the trace by what the broker holds."""

    async def close(self) -> None:
        """Leave nothing, here or in the broker."""


@dataclass(frozen=True)
class Where:
    """Addresses of brokers: `amqp` a URL, `kafka` bootstrap servers; empty for none. `said` are
    they in words."""

    amqp: str = ""
    kafka: str = ""
    said: str = ""


def kinds(spec: Spec) -> set[str]:
    """The brokers that a spec's roles need: ``amqp``, ``kafka``."""
    clients = {kind for role in spec.roles for kind in role.clients.values()}
    needs = {"amqp"} if any(kind.startswith("pika.") for kind in clients) else set()
    return needs | ({"kafka"} if "kafka" in clients else set())


def opened(where: Where, spec: Spec, of: "_Run") -> Mapping[str, Side]:
    """The sides of a run."""
    sides: dict[str, Side] = {}
    if "amqp" in kinds(spec):
        from ackademy.reality.amqp_side import AmqpSide

        parts = urlsplit(where.amqp)
        upstream = parts.hostname or "127.0.0.1", parts.port or 5672
        sides["amqp"] = AmqpSide(where.amqp, upstream, of, of.trace, of.clock)
    if "kafka" in kinds(spec):
        from ackademy.reality.kafka_side import KafkaSide

        sides["kafka"] = KafkaSide(where.kafka, of, of.trace, of.clock)
    return sides


def staged(spec: Spec, seed: int, of: "_Run", sides: Mapping[str, Side]) -> None:
    """Let the scenario speak: what it does to brokers is done to these."""
    queues = cast(Any, sides["amqp"]).shop if "amqp" in sides else None
    stage = Stage(
        cast(World, of),
        cast(Broker, queues),
        of.services.payments,
        of.trace,
        of.clock,
        seed,
        of.services.database,
        (lambda: cast(Any, sides["kafka"]).shop) if "kafka" in sides else None,
        of.services.others,
    )
    spec.scenario(stage)


def taken_names(where: Where, spec: Spec) -> list[str]:
    """Queues and topics that the broker has already under names that a run of the spec uses."""
    found: list[str] = []
    if "amqp" in kinds(spec):
        from ackademy.reality.amqp_shop import there

        names = {text for text in _policies(spec) if text}
        found += [f"the queue {name}" for name in there(where.amqp, sorted(names))]
    if "kafka" in kinds(spec):
        from ackademy.reality import kafka_shop

        topics = sorted(_topics(spec))
        found += [f"the topic {name}" for name in kafka_shop.there(where.kafka, topics)]
    return found


def _policies(spec: Spec) -> set[str]:
    """The queues that a scenario publishes to or promises something about."""
    trace = _alone(spec)
    return {each.routing_key for each in trace.of(Published)} | {
        each.dead_letters for each in trace.of(RetryPolicy)
    }


def _topics(spec: Spec) -> set[str]:
    """The topics that a scenario produces to, or is owed records in."""
    trace = _alone(spec)
    owed = {each.kind.removeprefix(f"{RECORD} ") for each in trace.of(Owed)
            if each.kind.startswith(f"{RECORD} ")}  # fmt: skip
    return {each.topic for each in trace.of(Appended)} | owed


def _alone(spec: Spec) -> Trace:
    """What a scenario does when nobody is there."""
    return run(spec, lambda caller: _Nobody(), (), 0).trace


class _Nobody:
    def start(self, now: int) -> Step:
        return Exit("returned")

    def resume(self, reply: Reply) -> Step:
        return Exit("returned")

    def kill(self) -> None:
        pass
