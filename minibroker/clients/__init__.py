"""In-process clients in the shape of the real ones. They run on the learner's side.

A client knows the boundary and nothing else: it imports nothing from the engines. What it
keeps (a prefetched delivery, a callback) dies with its process. It has the names, arguments,
defaults and exceptions of the real library for a documented subset; a call outside the subset
raises `NotInSubset`, which names it, never does nothing in silence.

A role names the kind of each client it takes:

================  ==========================================================  ===============
kind              what the learner's function gets                            in the world
================  ==========================================================  ===============
pika.channel      a channel of a `pika.BlockingConnection`                    ``amqp``
pika.connection   the connection itself                                       ``amqp``
kafka             the address of a cluster, for what `import confluent_kafka`  ``kafka``
                  gives: see `minibroker.clients.confluent_kafka`
payments          a payment gateway with idempotency keys                     ``payments``
database          a small database with transactions and unique keys          ``database``
mail              a mail gateway with idempotency keys                        ``mail``
redis             a `redis.Redis`, whose replies are bytes                    ``redis``
redis.text        the same with ``decode_responses=True``                     ``redis``
name              the name of this instance, a str, the same after a restart  nothing
stock             a stock that reserves and releases, with idempotency keys   ``stock``
shipping          a shipping desk that books and cancels, likewise            ``shipping``
sqs               what ``boto3.client("sqs")`` gives                          ``sqs``
sns               what ``boto3.client("sns")`` gives                          ``sns``
================  ==========================================================  ===============
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NoReturn, Protocol

from minibroker.sim.values import Value


class Asks(Protocol):
    """The part of the boundary that a client needs."""

    now: int

    def ask(self, client: str, op: str, **args: object) -> Value:
        """Cross the boundary with one effect."""


class NotInSubset(NotImplementedError):
    """The real library has this; the simulated client does not. The text says what to use."""


MODULES = {
    "pika.channel": "minibroker.clients.pika",
    "pika.connection": "minibroker.clients.pika",
    "kafka": "minibroker.clients.confluent_kafka",
    "payments": "minibroker.clients.payments",
    "database": "minibroker.clients.database",
    "mail": "minibroker.clients.mail",
    "stock": "minibroker.clients.services",
    "shipping": "minibroker.clients.services",
    "redis": "minibroker.clients.redis",
    "redis.text": "minibroker.clients.redis",
    "sqs": "minibroker.clients.aws",
    "sns": "minibroker.clients.aws",
}

PACKAGES = {"kafka": "confluent_kafka", "redis": "redis", "redis.text": "redis"}
"""The package that the clients of a kind bring along: its `modules` stand in for it."""

LOADED_LATE = (
    "confluent_kafka.serialization",
    "minibroker.clients.kafka_admin",
    "minibroker.clients.kafka_consumer",
    "minibroker.clients.kafka_producer",
)
"""Modules that these load when a process first needs them."""


def served_by(kind: str) -> str:
    """The client's name at the boundary, by which the world finds its agent."""
    return "amqp" if kind.startswith("pika.") else kind.partition(".")[0]


def make(kind: str, boundary: Asks) -> Any:
    """Make the client of a kind for one incarnation."""
    module = import_module(MODULES[kind])  # imported late: pika costs 0.1 s
    maker: Callable[[Asks], Any] = module.MAKERS[kind]
    return maker(boundary)


def packages(kinds: Iterable[str], boundary: Asks) -> dict[str, Callable[[str], Any]]:
    """The packages that a learner's `import` gets from the clients of these kinds instead of from
    the machine: by top name, what gives a module by its whole name."""
    brought: dict[str, Callable[[str], Any]] = {}
    for kind in kinds:
        if (name := PACKAGES.get(kind)) is not None:
            brought[name] = import_module(MODULES[kind]).modules(boundary)
    return brought


def outside(owner: str, name: str) -> NoReturn:
    """Refuse an attribute that the subset leaves out."""
    raise NotInSubset(
        f"{owner}.{name} is not simulated here; the calls that are, are listed in the "
        f"docstring of {owner}"
    )
