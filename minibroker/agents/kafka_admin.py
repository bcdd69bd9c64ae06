"""Answers admin clients, and every client's ``list_topics``.

A call about several topics or partitions answers each by itself: with its value, or with an error
as in `minibroker.agents.kafka_errors`.
"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from minibroker.agents import kafka_groups_admin as groups
from minibroker.agents.kafka_errors import BadRequest, KafkaFailure, Local
from minibroker.log import config as configs
from minibroker.log.errors import Code, LogError
from minibroker.sim.agent import Wait
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer, Caller, Reply
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

Args: TypeAlias = dict[str, Value]
Item: TypeAlias = dict[str, Value]

CHANGING = frozenset({
    "create_topics", "delete_topics", "create_partitions", "alter_configs", "delete_records",
    "alter_group_offsets", "delete_groups",
})  # fmt: skip

LED = frozenset({"delete_records", "list_offsets"})
"""What a client asks the leaders of partitions, after it has asked who they are."""


class AdminPart:
    """All admin clients of a world. They have no state here."""

    def __init__(
        self, cluster: "Cluster", clock: Clock, at: Callable[[int, Callable[[], None]], None]
    ) -> None:
        self._cluster = cluster
        each: dict[str, groups.Each] = {
            "create_topics": self._create,
            "delete_topics": self._delete,
            "create_partitions": self._add_partitions,
            "describe_configs": self._describe_config,
            "alter_configs": self._alter_config,
            "delete_records": self._delete_records,
            "list_offsets": self._offset,
            **groups.each(cluster.groups),
        }
        self.ops: dict[str, Callable[[Caller, Args], Reply | Wait]] = {
            "list_topics": self._list_topics,
            "list_groups": lambda caller, args: Answer(groups.listed(cluster.groups), did="read"),
        }
        for op, answer in each.items():
            self.ops[op] = _for_each(op, answer, self._there)

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        return self.ops[op](caller, args)

    def lost(self, caller: Caller) -> None:
        """Nothing is kept for a caller."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """Nobody minds."""

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Reply | None:
        """The request or its answer is lost; nobody knows which."""
        if op not in CHANGING and op != "list_topics":
            return None
        text = "Failed while waiting for response from broker: %s"
        failure = KafkaFailure(Local.TIMED_OUT, text, said=Local.TIMED_OUT)
        return failure.refusal("changed" if happened else "read")

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """Nothing is handed out."""
        return False

    def _there(self, item: Value) -> bool:
        """Whether there is the partition that an item names."""
        if not isinstance(item, dict):
            raise BadRequest("an item is a dict")
        try:
            count = self._cluster.partitions(_text(item, "topic"))
        except LogError:
            return False
        return 0 <= _number(item, "partition") < count

    # --- topics ------------------------------------------------------------------------------

    def _list_topics(self, caller: Caller, args: Args) -> Reply:
        """All topics, or the one of `topic`, which is made when `create` says so and it is not
        there (``auto.create.topics.enable`` of the broker)."""
        wanted = args.get("topic")
        made = False
        if isinstance(wanted, str):
            names = [wanted]
            if args.get("create") is True and wanted not in self._cluster.topics():
                try:
                    self._cluster.create_topic(wanted)
                    made = True
                except LogError:
                    pass  # what is wrong with it is told below
        else:
            names = self._cluster.topics()
        topics: dict[str, Value] = {name: self._described(name) for name in names}
        answer: Value = {"brokers": cast(Value, list(self._cluster.brokers())), "topics": topics}
        return Answer(answer, did="changed" if made else "read")

    def _described(self, name: str) -> Value:
        try:
            found = self._cluster.describe(name)
        except LogError as error:
            return {"error": int(error.code), "partitions": []}
        rows: list[Value] = [
            [p.number, p.leader, cast(Value, list(p.replicas)), cast(Value, list(p.isr))]
            for p in found
        ]
        return {"error": 0, "partitions": rows}

    def _create(self, who: str, item: Item) -> Value:
        name, config = _text(item, "name"), item.get("config")
        if not isinstance(config, dict):
            raise BadRequest("a topic's configuration is a dict")
        given = {key: str(value) for key, value in config.items()}
        count, replicas = _number(item, "partitions"), _number(item, "replication_factor")
        self._cluster.create_topic(name, count, replicas, given)
        return None

    def _delete(self, who: str, item: Item) -> Value:
        self._cluster.delete_topic(_text(item, "name"))
        return None

    def _add_partitions(self, who: str, item: Item) -> Value:
        self._cluster.add_partitions(_text(item, "name"), _number(item, "total"))
        return None

    def _describe_config(self, who: str, item: Item) -> Value:
        """``[value, source]`` by name."""
        name = _text(item, "name")
        given = self._cluster.given_config(name)
        return {
            key: [value, int(configs.source(key, given))]
            for key, value in self._cluster.config(name).items()
        }

    def _alter_config(self, who: str, item: Item) -> Value:
        changes = item.get("changes")
        if not isinstance(changes, dict):
            raise BadRequest("changes are a dict")
        given = {k: None if value is None else str(value) for k, value in changes.items()}
        self._cluster.alter_config(_text(item, "name"), given)
        return None

    # --- records -----------------------------------------------------------------------------

    def _delete_records(self, who: str, item: Item) -> Value:
        """Gives the first offset that is left."""
        return self._cluster.delete_records(
            _text(item, "topic"), _number(item, "partition"), _number(item, "offset")
        )

    def _offset(self, who: str, item: Item) -> Value:
        """``[offset, timestamp]`` for a time in milliseconds, or -2 (earliest) or -1 (latest)."""
        found = self._cluster.offset_for(
            _text(item, "topic"),
            _number(item, "partition"),
            _number(item, "when"),
            read_committed=item.get("read_committed") is True,
        )
        return list(found)


part = AdminPart


def _for_each(
    op: str, answer: groups.Each, there: Callable[[Value], bool]
) -> Callable[[Caller, Args], Reply]:
    def call(caller: Caller, args: Args) -> Reply:
        items = args.get("items")
        if not isinstance(items, list):
            raise BadRequest("items are a list")
        found: list[Value] = []
        names = Counter(item.get("name") for item in items if isinstance(item, dict))
        if op in LED and items and not any(map(there, items)):
            failure = KafkaFailure(
                Local.NOENT, "Failed to query partition leaders: No leaders found"
            )
            return Answer([{"error": failure.value()} for _ in items], did="read")
        for item in items:
            if not isinstance(item, dict):
                raise BadRequest("an item is a dict")
            try:
                if op == "create_topics" and names[item.get("name")] > 1:
                    raise LogError(Code.INVALID_REQUEST, "Duplicate topic name.")
                if op in LED and not there(item):
                    found.append({"error": KafkaFailure(Local.UNKNOWN_PARTITION).value()})
                    continue
                found.append({"value": answer(caller.label, item)})
            except LogError as error:
                text = "" if error.text == Code(error.code).name else error.text
                found.append({"error": KafkaFailure(error.code, text).value()})
        return Answer(found, did="changed" if op in CHANGING else "read")

    return call


def _text(item: Item, name: str) -> str:
    found = item.get(name)
    if not isinstance(found, str):
        raise BadRequest(f"{name} must be a str, not {found!r}")
    return found


def _number(item: Item, name: str) -> int:
    found = item.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise BadRequest(f"{name} must be an int, not {found!r}")
    return found
