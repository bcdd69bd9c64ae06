"""A world with a Kafka cluster, small enough to hold in a test: a source, run inline.

ran = play('''
    from confluent_kafka import Producer

    def worker(kafka):
        producer = Producer({"bootstrap.servers": kafka})
        producer.produce("orders", "one")
        producer.flush()
''', plan="crash:3")
ran.values("orders"), ran.said, ran.trace.of(Appended)
"""

import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from minibroker.agents.clock import ClockAgent
from minibroker.agents.kafka import KafkaAgent
from minibroker.log.cluster import Cluster
from minibroker.log.errors import LogError
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Caller, Process
from minibroker.sim.faults import parsed
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Requested, Trace
from minibroker.sim.world import Member, World
from tests.minibroker.tiny import source_of


class Code(Protocol):
    """A source in a transport."""

    def process(self, job: Job) -> Process:
        """One incarnation of it."""


@dataclass(frozen=True)
class Setting:
    """What a scenario can reach."""

    world: World
    cluster: Cluster
    clock: Clock


@dataclass(frozen=True)
class Ran:
    """A run that is over."""

    trace: Trace
    cluster: Cluster
    said_by: Sequence[tuple[str, str]]

    @property
    def said(self) -> str:
        """All that was printed, by whomever."""
        return "".join(text for _, text in self.said_by)

    @property
    def lines(self) -> list[str]:
        """The same, by lines."""
        return self.said.splitlines()

    def values(self, topic: str, committed: bool = True) -> list[str]:
        """What a new consumer would read of a topic, partition by partition."""
        found: list[str] = []
        for partition in range(self.cluster.partitions(topic)):
            offset = 0
            while True:
                records, after = self.cluster.records(
                    topic, partition, offset, read_committed=committed, most=1_000
                )
                found += [(record.value or b"").decode() for _, record in records]
                if after == offset:
                    break
                offset = after
        return found

    def number(self, op: str, nth: int = 1) -> int:
        """The number of the nth effect of this operation."""
        return [event.number for event in self.trace.of(Requested) if event.op == op][nth - 1]


def play(
    text: str,
    scenario: Callable[[Setting], None] = lambda _: None,
    plan: str = "none",
    members: Sequence[str | tuple[str, float]] = ("worker",),
    brokers: int = 1,
    restarts: int = 0,
    effects: int = 1_000,
    clients: dict[str, str] | None = None,
    code: Callable[[str], Code] = Inline,
) -> Ran:
    """Run a source to its end under a plan of faults. A process's name, up to a dash, is its
    function's, which gets the address of the cluster; with a time it starts then (seconds)."""
    clock, trace = Clock(), Trace()
    source = code(source_of(text))
    given = {"kafka": "kafka"} if clients is None else clients

    def launch(caller: Caller) -> Process:
        entry = caller.process.partition("-")[0]
        return source.process(Job(entry, caller.process, caller.incarnation, 0, given))

    def at(when: int, action: Callable[[], None]) -> None:
        world.at(when, action)

    cluster = Cluster(clock, trace, at, brokers=brokers, chance=random.Random(0))
    cast = [member if isinstance(member, tuple) else (member, 0.0) for member in members]
    world = World(
        clock,
        trace,
        {"kafka": KafkaAgent(cluster, clock, at), "clock": ClockAgent(clock)},
        launch,
        [Member(name, restarts, round(starts * 1_000_000)) for name, starts in cast],
        parsed(plan),
        effects,
    )
    scenario(Setting(world, cluster, clock))
    world.run()
    return Ran(trace, cluster, [(part.who, part.text) for part in world.printed])


def topic(
    name: str, partitions: int = 1, replicas: int = 1, **config: str
) -> Callable[[Setting], None]:
    """A scenario: there is a topic."""

    def scenario(setting: Setting) -> None:
        with contextlib.suppress(LogError):
            setting.cluster.create_topic(name, partitions, replicas, config)

    return scenario
