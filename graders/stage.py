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
from minibroker.agents.mail import MailAgent
from minibroker.ledgers.database import DatabaseLedger
from minibroker.ledgers.mail import MailLedger
from minibroker.ledgers.payments import PaymentLedger, Trouble
from minibroker.queues.broker import Broker
from minibroker.sim import trace
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Caller, Launch
from minibroker.sim.faults import Plan
from minibroker.sim.trace import Ended, Owed, RetryPolicy, Trace
from minibroker.sim.values import Value
from minibroker.sim.world import Member, Printed, Recording, World


@dataclass(frozen=True)
class Owes:
    """What a message obliges the system to do once: see `minibroker.sim.trace.Owed`."""

    kind: str
    subject: str
    detail: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Retries:
    """What is promised for work that fails: see `minibroker.sim.trace.RetryPolicy`. `delays` and
    `patience` are in seconds; there is one attempt more than there are delays."""

    queue: str
    dead_letters: str
    delays: Sequence[float]
    patience: float


class Stage:
    """What a scenario can use: queues, messages at given times, banks in trouble, and seeded
    chance."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        payments: PaymentLedger,
        trace: Trace,
        clock: Clock,
        seed: int,
    ) -> None:
        self.seed = seed
        self.chance = random.Random(f"scenario/{seed}")
        self._world = world
        self._broker = broker
        self._payments = payments
        self._trace = trace
        self._clock = clock

    def queue(self, name: str, arguments: Mapping[str, Value] | None = None) -> None:
        """Declare a durable queue before anything starts."""
        self._broker.declare_queue(name, arguments=dict(arguments or {}))

    def support_desk(self, queue: str, subjects: Sequence[str]) -> None:
        """A support desk of the shop's own reads a queue: see `graders.shop`."""
        from graders.shop import SupportDesk

        SupportDesk(self._broker, self._trace, self._clock, queue, subjects)

    def retries(self, policy: Retries) -> None:
        """What is promised for work that fails: one promise a run, so judges need not ask which of
        several an order is under."""
        if self._trace.of(RetryPolicy):
            raise ValueError("a scenario makes one promise about retries; put a second elsewhere")
        self._trace.append(
            RetryPolicy(
                at=self._clock.now,
                queue=policy.queue,
                dead_letters=policy.dead_letters,
                attempts=len(policy.delays) + 1,
                delays=[seconds(delay) for delay in policy.delays],
                patience=seconds(policy.patience),
            )
        )

    def event_store(self, events: str, snapshots: str, topic: str = "") -> None:
        """What the database's tables and the topic mean: see `minibroker.sim.trace.EventStore`."""
        store = trace.EventStore(
            at=self._clock.now, events=events, snapshots=snapshots, topic=topic
        )
        self._trace.append(store)

    def declines(self, order: str) -> None:
        """The bank of an order says no for good."""
        self._trouble(order, "CardDeclined", f"the bank declines the card of {order}", None)

    def bank_away(self, order: str, until: float | None = None) -> None:
        """The bank of an order cannot be reached before `until` seconds, or ever."""
        text = f"the bank of {order} cannot be reached; nothing was charged"
        moment = None if until is None else seconds(until)
        self._trouble(order, "GatewayUnavailable", text, moment)

    def _trouble(self, order: str, error: str, text: str, until: int | None) -> None:
        self._payments.trouble(order, Trouble(error, text, until))
        self._trace.append(
            trace.Trouble(
                at=self._clock.now, kind="charge", subject=order, error=error, until=until
            )
        )

    def worker(self, queue: str, dead_letters: str, attempts: int) -> None:
        """A worker of the shop's own takes from a queue: see `graders.shop`."""
        from graders.shop import ShopWorker

        ShopWorker(
            self._world, self._broker, self._payments, self._clock, queue, dead_letters, attempts
        )

    def publish(
        self,
        at: float,
        queue: str,
        body: Mapping[str, Value] | bytes,
        owes: Owes | None = None,
        headers: Mapping[str, Value] | None = None,
    ) -> None:
        """Publish `body`, as JSON unless it is bytes, to a queue at `at` seconds, with what it
        obliges to."""
        sent = body if isinstance(body, bytes) else json.dumps(dict(body)).encode()
        properties: dict[str, Value] = {"delivery_mode": 2}
        if headers is not None:
            properties["headers"] = dict(headers)

        def publish() -> None:
            message = self._broker.publish("scenario", "", queue, sent, properties)
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
    starts: float = 0.0


def perform(
    scenario: Scenario, cast: Sequence[Cast], launch: Launch, plan: Plan, seed: int, effects: int
) -> Run:
    """Run one schedule to its end."""
    clock, trace = Clock(), Trace()
    broker = Broker(clock, trace, lambda when, action: world.at(when, action))
    payments = PaymentLedger(clock, trace)
    world = World(
        clock,
        trace,
        {
            "amqp": AmqpAgent(broker, clock),
            "payments": PaymentsAgent(payments),
            "database": DatabaseAgent(DatabaseLedger(clock, trace)),
            "mail": MailAgent(MailLedger(clock, trace)),
            "clock": ClockAgent(clock),
        },
        launch,
        [Member(part.process, part.restarts, seconds(part.starts)) for part in cast],
        plan,
        effects,
    )
    scenario(Stage(world, broker, payments, trace, clock, seed))
    world.run()
    return Run(plan, seed, trace, world.printed, world.recordings)
