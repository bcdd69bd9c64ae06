"""Where a run takes place: a world with its engines, and what a scenario may do to it.

One stage is one run. `Stage` is what a scenario sees; `perform` sets it up, lets the scenario
speak, runs the world and gives the `Run`.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from minibroker.agents.amqp import AmqpAgent
from minibroker.agents.clock import ClockAgent
from minibroker.agents.ledgers import DatabaseAgent, PaymentsAgent
from minibroker.ledgers.database import DatabaseLedger
from minibroker.ledgers.payments import PaymentLedger
from minibroker.queues.broker import Broker
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Caller, Launch
from minibroker.sim.faults import Plan
from minibroker.sim.trace import Ended, Owed, Trace
from minibroker.sim.values import Value
from minibroker.sim.world import Member, Printed, Recording, World


@dataclass(frozen=True)
class Owes:
    """What a message obliges the system to do once: see `minibroker.sim.trace.Owed`."""

    kind: str
    subject: str
    detail: Mapping[str, Value] = field(default_factory=dict)


class Stage:
    """What a scenario can use: queues, messages at given times, and seeded chance."""

    def __init__(self, world: World, broker: Broker, trace: Trace, clock: Clock, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(f"scenario/{seed}")
        self._world = world
        self._broker = broker
        self._trace = trace
        self._clock = clock

    def queue(self, name: str) -> None:
        """Declare a durable queue before anything starts."""
        self._broker.declare_queue(name)

    def publish(
        self, at: float, queue: str, body: Mapping[str, Value], owes: Owes | None = None
    ) -> None:
        """Publish `body` as JSON to a queue at `at` seconds, with what it obliges to."""

        def publish() -> None:
            message = self._broker.publish(
                "scenario", "", queue, json.dumps(dict(body)).encode(), {"delivery_mode": 2}
            )
            if owes is not None:
                self._trace.append(
                    Owed(
                        at=self._clock.now,
                        message=message.number,
                        kind=owes.kind,
                        subject=owes.subject,
                        detail=dict(owes.detail),
                    )
                )

        self._world.at(seconds(at), publish)


Scenario: TypeAlias = Callable[[Stage], None]


@dataclass(frozen=True)
class Run:
    """One schedule that was run, and all that it left."""

    plan: Plan
    seed: int
    trace: Trace
    printed: Sequence[Printed]
    recordings: Mapping[Caller, Recording]

    @property
    def effects(self) -> int:
        """How many effects there were."""
        return sum(ended.effects for ended in self.trace.of(Ended))


@dataclass(frozen=True)
class Cast:
    """One instance of a role by its process name, such as ``worker`` or ``worker-2``."""

    process: str
    restarts: int


def perform(
    scenario: Scenario, cast: Sequence[Cast], launch: Launch, plan: Plan, seed: int, effects: int
) -> Run:
    """Run one schedule to its end."""
    clock, trace = Clock(), Trace()
    broker = Broker(clock, trace, lambda when, action: world.at(when, action))
    world = World(
        clock,
        trace,
        {
            "amqp": AmqpAgent(broker, clock),
            "payments": PaymentsAgent(PaymentLedger(clock, trace)),
            "database": DatabaseAgent(DatabaseLedger(clock, trace)),
            "clock": ClockAgent(clock),
        },
        launch,
        [Member(part.process, part.restarts) for part in cast],
        plan,
        effects,
    )
    scenario(Stage(world, broker, trace, clock, seed))
    world.run()
    return Run(plan, seed, trace, world.printed, world.recordings)
