"""A world small enough to hold in a test: a source, run inline against fresh engines.

    ran = play('''
        def worker(channel):
            for method, _, body in channel.consume("orders"):
                print(body)
                channel.basic_ack(method.delivery_tag)
    ''', published("one", "two"), plan="crash:4")
    ran.said, ran.kinds, ran.trace.of(Delivered)

The parameters of each function that is run say which clients it gets: see `CLIENTS`.
"""

import ast
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from minibroker.agents.amqp import AmqpAgent
from minibroker.agents.aws import AwsAgent
from minibroker.agents.clock import ClockAgent
from minibroker.agents.ledgers import DatabaseAgent, PaymentsAgent
from minibroker.agents.mail import MailAgent
from minibroker.agents.redis import RedisAgent
from minibroker.agents.services import agents as service_agents
from minibroker.agents.services import ledgers as service_ledgers
from minibroker.aws.engine import Engine
from minibroker.ledgers.database import DatabaseLedger
from minibroker.ledgers.mail import MailLedger
from minibroker.ledgers.payments import PaymentLedger
from minibroker.queues.broker import Broker
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Caller, Launch, Process
from minibroker.sim.faults import parsed
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Exited, Trace
from minibroker.sim.world import Member, Recording, World

CLIENTS = {
    "channel": "pika.channel",
    "connection": "pika.connection",
    "payments": "payments",
    "database": "database",
    "mail": "mail",
    "stock": "stock",
    "shipping": "shipping",
    "r": "redis.text",
    "raw": "redis",
    "sqs": "sqs",
    "sns": "sns",
}


@dataclass(frozen=True)
class Setting:
    """What a scenario can reach."""

    world: World
    broker: Broker
    clock: Clock
    trace: Trace
    redis: RedisAgent
    aws: Engine


Scenario = Callable[[Setting], None]


@dataclass(frozen=True)
class Ran:
    """A run that is over."""

    trace: Trace
    recordings: Mapping[Caller, Recording]
    said_by: Sequence[tuple[str, str]]

    @property
    def said(self) -> str:
        """All that was printed, by whomever."""
        return "".join(text for _, text in self.said_by)

    @property
    def kinds(self) -> list[str]:
        """The names of the events, in order."""
        return [type(event).__name__ for event in self.trace]

    @property
    def exit(self) -> Exited:
        """How the last process ended."""
        return self.trace.of(Exited)[-1]


def source_of(text: str) -> str:
    """A source that was written indented, as a cell."""
    return textwrap.dedent(text).strip() + "\n"


def inline(text: str, seed: int = 0) -> Launch:
    """Starts incarnations of a source; each process's name, up to a dash, is its function's."""
    source = source_of(text)
    code, names = Inline(source), _parameters(source)

    def launch(caller: Caller) -> Process:
        entry = caller.process.partition("-")[0]
        clients = {name: CLIENTS[name] for name in names.get(entry, ())}
        return code.process(Job(entry, caller.process, caller.incarnation, seed, clients))

    return launch


def play(
    text: str | Launch,
    scenario: Scenario = lambda _: None,
    plan: str = "none",
    members: Sequence[str] = ("worker",),
    restarts: int = 5,
    effects: int = 1_000,
    seed: int = 0,
) -> Ran:
    """Run a source, or what a `Launch` starts, to its end under a plan of faults."""
    clock, trace = Clock(), Trace()
    broker = Broker(clock, trace, lambda when, action: world.at(when, action))
    redis = RedisAgent(clock, trace, lambda when, action: world.at(when, action), seed)
    aws = Engine(clock, trace, lambda when, action: world.at(when, action))
    world = World(
        clock,
        trace,
        {
            "sqs": AwsAgent(aws, "sqs"),
            "sns": AwsAgent(aws, "sns"),
            "amqp": AmqpAgent(broker, clock),
            "mail": MailAgent(MailLedger(clock, trace)),
            "payments": PaymentsAgent(PaymentLedger(clock, trace)),
            "database": DatabaseAgent(DatabaseLedger(clock, trace)),
            "clock": ClockAgent(clock),
            "redis": redis,
            **service_agents(service_ledgers(clock, trace)),
        },
        inline(text, seed) if isinstance(text, str) else text,
        [Member(name, restarts) for name in members],
        parsed(plan),
        effects,
    )
    scenario(Setting(world, broker, clock, trace, redis, aws))
    world.run()
    return Ran(trace, world.recordings, [(part.who, part.text) for part in world.printed])


def worker(body: str, takes: str = "channel, payments, database") -> str:
    """The source of a worker whose body this is."""
    return f"import json, time\n\n\ndef worker({takes}):\n" + textwrap.indent(
        source_of(body), "    "
    )


def published(*bodies: str, at: float = 0, queue: str = "orders") -> Scenario:
    """A durable queue, and messages in it from `at` seconds on."""

    def scenario(stage: Setting) -> None:
        stage.broker.declare_queue(queue)
        for body in bodies:
            stage.world.at(
                seconds(at),
                lambda body=body: stage.broker.publish("scenario", "", queue, body.encode()),
            )

    return scenario


def _parameters(source: str) -> dict[str, list[str]]:
    """The parameters of each function at the top of a cell."""
    return {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
