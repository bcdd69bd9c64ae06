'''A scenario: acts that are written once against a client's API and played in every place.

    """Where a group begins to read."""

    from confluent_kafka import Consumer

    from tests.fidelity.scenario import after, scenario

    @scenario("kafka", "what a killed member had not committed comes again", ends="killed")
    def dies(kafka, name, note):
        consumer = Consumer({"bootstrap.servers": kafka, "group.id": name("billing")})
        ...
        note("received", value=message.value(), offset=message.offset())

    @after(dies)
    def another(kafka, name, note):
        ...

An act is a function that is run as a process of its own, after the act before it has ended.
It is ``closed`` when it returns, or ``killed``: then its process dies right after its last line,
closing nothing. What it takes, by the names of its parameters (a number may follow):

- `note`: see `tests.fidelity.history`; `name`: makes a name that no other run has, from a word;
- `kafka`: the address, for what ``import confluent_kafka`` gives;
- `connection`, `channel`: pika's; `r` and `raw`: a `redis.Redis` with text and with bytes;
  `sqs`, `sns`: boto3's clients.

In the simulator an act's whole module is executed as a learner's cell is (decision 0006), so
`time`, `random` and `confluent_kafka` are the world's when the module imports them. What a module
imports from here is not: helpers must not sleep or make clients. A scenario sleeps less than 15 s
in all.
'''

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from minibroker.sim.incarnation import NAME

HERE = Path(__file__).parent
BROKERS = {"kafka": "Kafka", "amqp": "RabbitMQ", "aws": "SQS and SNS", "redis": "Redis"}
"""The folders with scenarios, and how their broker is called."""

KINDS = {
    "kafka": "kafka",
    "connection": "pika.connection",
    "channel": "pika.channel",
    "r": "redis.text",
    "raw": "redis",
    "sqs": "sqs",
    "sns": "sns",
}
"""The kind of client (`minibroker.clients`) that a parameter gets."""

Ends = Literal["closed", "killed"]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Act:
    """A function of a module, and how its process ends."""

    function: str
    takes: tuple[str, ...]
    ends: Ends


@dataclass(frozen=True)
class Scenario:
    """`differs` is empty, or the first cell of the row in docs/differences.md that says how the
    bundled broker differs here."""

    broker: str
    title: str
    module: str
    differs: str
    acts: list[Act] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The text of its module."""
        return Path(HERE, self.broker, self.module.rpartition(".")[2] + ".py").read_text()


_SCENARIOS: dict[tuple[str, str], Scenario] = {}
_OF_ACT: dict[tuple[str, str], Scenario] = {}


def scenario(
    broker: str, title: str, differs: str = "", ends: Ends = "closed"
) -> Callable[[Function], Function]:
    """Register a function as the first act of a scenario."""

    def register(function: Function) -> Function:
        if function.__module__ != NAME:  # executed as a cell, it is registered already
            if (broker, title) in _SCENARIOS:
                raise ValueError(f"two scenarios of {broker} have the title {title!r}; rename one")
            made = Scenario(broker, title, function.__module__, differs)
            _SCENARIOS[broker, title] = made
            _add(made, function, ends)
        return function

    return register


def after(before: Callable[..., Any], ends: Ends = "closed") -> Callable[[Function], Function]:
    """Register a function as the next act of the scenario that `before` is an act of."""

    def register(function: Function) -> Function:
        if function.__module__ != NAME:
            _add(_OF_ACT[before.__module__, before.__name__], function, ends)
        return function

    return register


def _add(to: Scenario, function: Callable[..., Any], ends: Ends) -> None:
    if (key := (function.__module__, function.__name__)) in _OF_ACT:
        raise ValueError(f"{function.__module__} has two acts {function.__name__}; rename one")
    takes = tuple(inspect.signature(function).parameters)
    for each in takes:
        if each not in ("note", "name") and kind_of(each) is None:
            raise ValueError(f"an act cannot take {each!r}; see tests.fidelity.scenario")
    to.acts.append(Act(function.__name__, takes, ends))
    _OF_ACT[key] = to


def kind_of(parameter: str) -> str | None:
    """The kind of client that a parameter gets."""
    return KINDS.get(parameter.rstrip("0123456789"))


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All there are, by broker and in the order in which they are written."""
    for broker in BROKERS:
        for path in sorted(Path(HERE, broker).glob("*.py")):
            importlib.import_module(f"tests.fidelity.{broker}.{path.stem}")
    return tuple(_SCENARIOS.values())
