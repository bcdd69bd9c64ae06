"""A world with one Kafka cluster, small enough to hold in a test.

    ran = reads('''
        consumer.subscribe(["orders"])
        while True:
            message = consumer.poll(1.0)
            print(message and message.value())
    ''', holding(orders=["one", "two"]), plan="crash:4")
    ran.said, ran.kinds, ran.trace.of(Polled)

A function's parameter `kafka` is the address of the cluster.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minibroker.agents.clock import ClockAgent
from minibroker.agents.kafka import KafkaAgent
from minibroker.agents.ledgers import DatabaseAgent
from minibroker.ledgers.database import DatabaseLedger
from minibroker.log.cluster import Cluster
from minibroker.log.records import Record, batch
from minibroker.log.terms import wall_ms
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.faults import parsed
from minibroker.sim.trace import Trace
from minibroker.sim.world import Member, World
from tests.minibroker.tiny import CLIENTS, Ran, inline, source_of

CLIENTS.setdefault("kafka", "kafka")


@dataclass(frozen=True)
class Setting:
    """What a scenario can reach."""

    world: World
    cluster: Cluster
    clock: Clock
    trace: Trace

    def append(self, topic: str, partition: int, *values: str) -> None:
        """Append records now, one batch each."""
        for value in values:
            record = Record(0, None, value.encode(), wall_ms(self.clock))
            self.cluster.produce("scenario", topic, partition, batch([record]), 1)

    def at(self, when: float, action: Callable[[], object]) -> None:
        """Do something at `when` seconds."""
        self.world.at(seconds(when), lambda: (action(), None)[1])


Scenario = Callable[[Setting], None]


def holding(*more: Scenario, partitions: int = 1, **topics: Sequence[str]) -> Scenario:
    """Topics of so many partitions, with records that go round them, and further scenarios."""

    def scenario(stage: Setting) -> None:
        for topic, values in topics.items():
            stage.cluster.create_topic(topic, partitions)
            for number, value in enumerate(values):
                stage.append(topic, number % partitions, value)
        for each in more:
            each(stage)

    return scenario


def play(
    text: str,
    scenario: Scenario = lambda _: None,
    plan: str = "none",
    members: Sequence[str | Member] = ("worker",),
    restarts: int = 5,
    effects: int = 2_000,
    seed: int = 0,
    brokers: int = 1,
) -> Ran:
    """Run a source to its end under a plan of faults."""
    clock, trace = Clock(), Trace()
    at = lambda when, action: world.at(when, action)  # noqa: E731
    cluster = Cluster(clock, trace, at, brokers=brokers)
    world = World(
        clock,
        trace,
        {
            "kafka": KafkaAgent(cluster, clock, at),
            "database": DatabaseAgent(DatabaseLedger(clock, trace)),
            "clock": ClockAgent(clock),
        },
        inline(text, seed),
        [each if isinstance(each, Member) else Member(each, restarts) for each in members],
        parsed(plan),
        effects,
    )
    scenario(Setting(world, cluster, clock, trace))
    world.run()
    return Ran(trace, world.recordings, [(part.who, part.text) for part in world.printed])


def consuming(body: str, name: str = "worker", **config: Any) -> str:
    """The source of a worker with a consumer, whose body this is."""
    settings = {"group.id": "billing", "auto.offset.reset": "earliest"} | {
        key.replace("_", "."): value for key, value in config.items()
    }
    head = f"""
        import time
        from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
        from confluent_kafka import OFFSET_BEGINNING, OFFSET_END


        def {name}(kafka):
            consumer = Consumer({{"bootstrap.servers": kafka}} | {settings!r})
    """
    return source_of(head) + textwrap.indent(source_of(body), "    ")


def reads(
    body: str,
    scenario: Scenario = lambda _: None,
    plan: str = "none",
    brokers: int = 1,
    **config: Any,
) -> Ran:
    """Run one such worker, once, to its end."""
    ran = play(consuming(body, **config), scenario, plan, restarts=0, brokers=brokers)
    assert ran.exit.how in ("returned", "interrupted"), ran.exit
    return ran
