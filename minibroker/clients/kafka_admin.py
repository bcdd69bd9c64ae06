"""An admin client in the shape of `confluent_kafka.admin.AdminClient`.

The subset: `list_topics`, `create_topics`, `delete_topics`, `create_partitions`,
`describe_configs`, `incremental_alter_configs` (of topics), `delete_records`, `list_offsets`,
`list_consumer_groups`, `describe_consumer_groups`, `list_consumer_group_offsets`,
`alter_consumer_group_offsets`, `delete_consumer_groups`, `poll`.
Names, arguments, classes and exceptions are those of confluent-kafka 2.16.

As there, a call gives a dict of futures; here they are done when it returns.
"""

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Any, NoReturn, TypeVar, cast

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    IsolationLevel,
    KafkaException,
    Node,
    TopicPartition,
)
from confluent_kafka import admin as real

from minibroker.clients import Asks, NotInSubset
from minibroker.clients import kafka_config as config
from minibroker.clients import kafka_values as values
from minibroker.clients.confluent_kafka import refuse
from minibroker.clients.kafka_consumer import Failed
from minibroker.clients.kafka_metadata import PORT, cluster_metadata

admin: Any = real  # its stubs leave out what it imports
K = TypeVar("K", bound=Hashable)
TIMEOUTS = frozenset({"operation_timeout", "request_timeout"})
"""Options that are taken and change nothing: every answer comes in time."""

DEFAULT = admin.ConfigSource.DEFAULT_CONFIG.value
"""Where a setting is from that nobody has set; sources are numbers there, as they come."""


class AdminClient:
    """In the shape of `confluent_kafka.admin.AdminClient`; see the module for the subset."""

    _boundary: Asks

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = config.split("AdminClient", args, kwargs)
        config.callbacks(given)
        config.settings("admin", given)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """The cluster's topics with their partitions, as `ClusterMetadata`. As there, asking for a
        topic by name makes it when it is not there."""
        return cluster_metadata(
            values.ask(self._boundary, "list_topics", topic=topic, create=topic is not None)
        )

    def create_topics(self, new_topics: list[Any], **options: Any) -> dict[str, "Future[None]"]:
        """Make topics, given as `NewTopic`; by name, futures of None."""
        _only("create_topics", options)
        _listed(new_topics, admin.NewTopic)
        items = []
        for topic in new_topics:
            if topic.replica_assignment:
                raise NotInSubset(
                    "replica_assignment is not simulated; the cluster places replicas"
                )
            items.append(
                {
                    "name": topic.topic,
                    "partitions": topic.num_partitions,
                    "replication_factor": topic.replication_factor,
                    "config": {key: str(value) for key, value in (topic.config or {}).items()},
                }
            )
        return self._each("create_topics", [topic.topic for topic in new_topics], items, _nothing)

    def delete_topics(self, topics: list[str], **options: Any) -> dict[str, "Future[None]"]:
        """Delete topics by name; by name, futures of None."""
        _only("delete_topics", options)
        _listed(topics, str)
        return self._each("delete_topics", topics, [{"name": name} for name in topics], _nothing)

    def create_partitions(
        self, new_partitions: list[Any], **options: Any
    ) -> dict[str, "Future[None]"]:
        """Give topics more partitions, as `NewPartitions` say; by name, futures of None."""
        _only("create_partitions", options)
        _listed(new_partitions, admin.NewPartitions)
        items = [{"name": new.topic, "total": new.new_total_count} for new in new_partitions]
        names = [new.topic for new in new_partitions]
        return self._each("create_partitions", names, items, _nothing)

    def describe_configs(
        self, resources: list[Any], **options: Any
    ) -> dict[Any, "Future[dict[str, Any]]"]:
        """What is in force for topics, given as `ConfigResource`; futures of `ConfigEntry` by
        name."""
        _only("describe_configs", options)
        items = [{"name": _topic(resource)} for resource in resources]

        def entries(found: Any) -> dict[str, Any]:
            return {
                name: admin.ConfigEntry(name, value, source=source, is_default=source == DEFAULT)
                for name, (value, source) in found.items()
            }

        return self._each("describe_configs", resources, items, entries)

    def incremental_alter_configs(
        self, resources: list[Any], **options: Any
    ) -> dict[Any, "Future[None]"]:
        """Change what each `ConfigResource` lists in its `incremental_configs`: SET or DELETE."""
        _only("incremental_alter_configs", options)
        items = []
        for resource in resources:
            changes: dict[str, str | None] = {}
            for entry in resource.incremental_configs or ():
                match entry.incremental_operation:
                    case admin.AlterConfigOpType.SET:
                        changes[entry.name] = entry.value
                    case admin.AlterConfigOpType.DELETE:
                        changes[entry.name] = None
                    case other:
                        raise NotInSubset(f"{other} is not simulated; use SET or DELETE")
            items.append({"name": _topic(resource), "changes": changes})
        return self._each("alter_configs", resources, items, _nothing)

    def delete_records(
        self, topic_partition_offsets: list[TopicPartition], **options: Any
    ) -> dict[TopicPartition, "Future[Any]"]:
        """Delete what is before these offsets; futures of `DeletedRecords`."""
        _only("delete_records", options)
        _listed(topic_partition_offsets, TopicPartition)
        items = [
            {"topic": place.topic, "partition": place.partition, "offset": place.offset}
            for place in topic_partition_offsets
        ]
        return self._each("delete_records", topic_partition_offsets, items, admin.DeletedRecords)

    def list_offsets(
        self, topic_partition_offsets: dict[TopicPartition, Any], **options: Any
    ) -> dict[TopicPartition, "Future[Any]"]:
        """First offsets, ends, or offsets for times, as `OffsetSpec` say; futures of
        `ListOffsetsResultInfo`."""
        level = options.pop("isolation_level", IsolationLevel.READ_UNCOMMITTED)
        _only("list_offsets", options)
        items = []
        for place, wanted in topic_partition_offsets.items():
            when = wanted._value
            if when < -2:
                raise NotInSubset("OffsetSpec.max_timestamp() is not simulated")
            items.append(
                {
                    "topic": place.topic,
                    "partition": place.partition,
                    "when": when,
                    "read_committed": level is IsolationLevel.READ_COMMITTED,
                }
            )

        def info(found: Any) -> Any:
            return admin.ListOffsetsResultInfo(found[0], found[1], -1)

        return self._each("list_offsets", list(topic_partition_offsets), items, info)

    def list_consumer_groups(self, **options: Any) -> "Future[Any]":
        """All groups; a future of `ListConsumerGroupsResult`."""
        _only("list_consumer_groups", options)
        found = cast("list[dict[str, Any]]", values.ask(self._boundary, "list_groups"))
        future: Future[Any] = Future()
        future.set_result(admin.ListConsumerGroupsResult([_listing(group) for group in found], []))
        return future

    def describe_consumer_groups(
        self, group_ids: list[str], **options: Any
    ) -> dict[str, "Future[Any]"]:
        """Groups with their members and what each is assigned; futures of
        `ConsumerGroupDescription`. A group that there is not is DEAD."""
        _only("describe_consumer_groups", options)
        _listed(group_ids, str)
        items = [{"group": name} for name in group_ids]
        return self._each("describe_groups", group_ids, items, _description)

    def list_consumer_group_offsets(
        self, list_consumer_group_offsets_request: list[Any], **options: Any
    ) -> dict[str, "Future[Any]"]:
        """A group's committed offsets, of all partitions or of those that are named; futures of
        `ConsumerGroupTopicPartitions`."""
        _only("list_consumer_group_offsets", options, "require_stable")
        _listed(list_consumer_group_offsets_request, ConsumerGroupTopicPartitions)
        wanted = {
            request.group_id: request.topic_partitions
            for request in list_consumer_group_offsets_request
        }
        found: dict[str, Future[Any]] = {}
        for group, places in wanted.items():

            def offsets(rows: Any, group: str = group, places: Any = places) -> Any:
                known = {(topic, partition): offset for topic, partition, offset, _ in rows}
                chosen = [(p.topic, p.partition) for p in places] if places else list(known)
                return ConsumerGroupTopicPartitions(
                    group, [TopicPartition(*at, known.get(at, -1001)) for at in chosen]
                )

            found |= self._each("group_offsets", [group], [{"group": group}], offsets)
        return found

    def alter_consumer_group_offsets(
        self, alter_consumer_group_offsets_request: list[Any], **options: Any
    ) -> dict[str, "Future[Any]"]:
        """Set the offsets of a group that nobody is in; futures of
        `ConsumerGroupTopicPartitions`."""
        _only("alter_consumer_group_offsets", options)
        _listed(alter_consumer_group_offsets_request, ConsumerGroupTopicPartitions)
        found: dict[str, Future[Any]] = {}
        for request in alter_consumer_group_offsets_request:
            offsets = values.sent_offsets(request.topic_partitions)
            item = {"group": request.group_id, "offsets": offsets}
            found |= self._each(
                "alter_group_offsets",
                [request.group_id],
                [item],
                lambda told, request=request: _altered(request, told),  # type: ignore[misc]
            )
        return found

    def delete_consumer_groups(
        self, group_ids: list[str], **options: Any
    ) -> dict[str, "Future[None]"]:
        """Forget groups that nobody is in; by name, futures of None."""
        _only("delete_consumer_groups", options)
        _listed(group_ids, str)
        items = [{"group": name} for name in group_ids]
        return self._each("delete_groups", group_ids, items, _nothing)

    def poll(self, timeout: float = -1) -> int:
        """There is nothing to call back for: gives 0."""
        return 0

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> "AdminClient":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be closed."""

    def __getattr__(self, name: str) -> NoReturn:
        refuse("AdminClient", admin.AdminClient, name)

    def _each(
        self,
        op: str,
        keys: Iterable[K],
        items: list[Any],
        read: Callable[[Any], Any],
    ) -> dict[K, "Future[Any]"]:
        answers = cast("list[dict[str, Any]]", values.ask(self._boundary, op, items=items))
        found: dict[K, Future[Any]] = {}
        for key, answer in zip(keys, answers, strict=True):
            future: Future[Any] = Future()
            if "error" in answer:
                future.set_exception(KafkaException(values.error(answer["error"])))
            else:
                future.set_result(read(answer["value"]))
            found[key] = future
        return found


STATES = {
    "PreparingRebalance": ConsumerGroupState.PREPARING_REBALANCING,
    "CompletingRebalance": ConsumerGroupState.COMPLETING_REBALANCING,
    "Stable": ConsumerGroupState.STABLE,
    "Dead": ConsumerGroupState.DEAD,
    "Empty": ConsumerGroupState.EMPTY,
}


def _listing(group: dict[str, Any]) -> Any:
    return admin.ConsumerGroupListing(
        group["group"], False, STATES[group["state"]], ConsumerGroupType.CLASSIC
    )


def _description(group: dict[str, Any]) -> Any:
    members = [
        admin.MemberDescription(
            member_id,
            "rdkafka",
            "/127.0.0.1",
            admin.MemberAssignment([TopicPartition(*place) for place in owned]),
            instance_id,
        )
        for member_id, instance_id, owned in group["members"]
    ]
    return admin.ConsumerGroupDescription(
        group["group"],
        group["simple"],
        members,
        group["protocol"],
        STATES[group["state"]],
        Node(1, "kafka", PORT),
        type=ConsumerGroupType.CLASSIC,
    )


def _altered(request: Any, told: dict[str, Any] | None) -> Any:
    """The request, its partitions with the error that they share."""
    if told is None:
        return request
    code = values.error(told).code()
    return ConsumerGroupTopicPartitions(
        request.group_id,
        [
            Failed(each.topic, each.partition, each.offset, code)
            for each in request.topic_partitions
        ],
    )


def _nothing(_: object) -> None:
    """Most calls have no result."""


def _only(call: str, options: dict[str, Any], *others: str) -> None:
    """Refuse an option that is not simulated, unless it says what holds anyway."""
    for name, value in options.items():
        if name not in TIMEOUTS and name not in others and value not in (None, False):
            raise NotInSubset(f"{call}({name}=...) is not simulated here; leave it out")


def _listed(given: object, kind: type) -> None:
    if not isinstance(given, list) or not all(isinstance(item, kind) for item in given):
        raise TypeError(f"Expected list of {kind.__name__}")


def _topic(resource: Any) -> str:
    if not isinstance(resource, admin.ConfigResource):
        raise TypeError("Expected list of ConfigResource")
    if resource.restype is not admin.ResourceType.TOPIC:
        raise NotInSubset("only the configuration of topics is simulated here")
    return str(resource.name)
