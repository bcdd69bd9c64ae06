"""Answers the `confluent_kafka`-shaped clients: joins producers, consumers and admin clients to the
cluster.

Each kind of client has its part, which does all that librdkafka's threads do for it: see
`minibroker.agents.kafka_producer`, `kafka_consumer` and `kafka_admin`. A part is made when it is
first used, and has an `ops`, by which requests find it, besides the calls of every agent.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from minibroker.agents.kafka_errors import BadRequest, KafkaFailure
from minibroker.sim.agent import Agent, Wait, no_such
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Caller, Refusal, Reply
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

Args: TypeAlias = dict[str, Value]
At: TypeAlias = Callable[[int, Callable[[], None]], None]
Op: TypeAlias = Callable[[Caller, Args], Reply | Wait]

PRODUCER = frozenset({
    "producer_new", "produce", "producer_poll", "flush", "purge", "init_transactions",
    "begin_transaction", "send_offsets", "commit_transaction", "abort_transaction",
})  # fmt: skip
ADMIN = frozenset({
    "list_topics", "create_topics", "delete_topics", "create_partitions", "describe_configs",
    "alter_configs", "delete_records", "list_offsets", "list_groups", "describe_groups",
    "group_offsets", "alter_group_offsets", "delete_groups",
})  # fmt: skip


class Part(Agent, Protocol):
    """What answers one kind of client."""

    ops: Mapping[str, Op]


class KafkaAgent:
    """One cluster's side of all `confluent_kafka`-shaped clients."""

    def __init__(self, cluster: "Cluster", clock: Clock, at: At) -> None:
        self._made_of = (cluster, clock, at)
        self._parts: dict[str, Part] = {}

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        try:
            if (handle := self._part(op).ops.get(op)) is not None:
                return handle(caller, args)
            return no_such("kafka", op)
        except BadRequest as bad:
            return Refusal("TypeError", f"{op}: {bad}")
        except KafkaFailure as failure:
            return failure.refusal()

    def lost(self, caller: Caller) -> None:
        """The process is gone, and all its clients with it."""
        for part in self._parts.values():
            part.lost(caller)

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """A sleeping process's clients go on in the background; a frozen one's do not."""
        for part in self._parts.values():
            part.silent(caller, until, frozen)

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Reply | Wait | None:
        """The request of the call, or its answer, does not arrive."""
        return self._part(op).broken(caller, op, args, happened)

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """What a poll handed out comes once more."""
        return self._part(op).again(caller, op, args, reply)

    def _part(self, op: str) -> Part:
        name = "producer" if op in PRODUCER else "admin" if op in ADMIN else "consumer"
        if name not in self._parts:
            module = import_module(f"minibroker.agents.kafka_{name}")
            self._parts[name] = cast(Part, module.part(*self._made_of))
        return self._parts[name]
