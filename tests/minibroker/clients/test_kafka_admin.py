"""An admin client makes and changes topics, and looks at groups."""

import textwrap
from typing import Any

from minibroker.log.records import Record, batch
from tests.minibroker.producing import Ran, Setting, play

HEAD = """
    from confluent_kafka import (
        ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, Producer, TopicPartition,
    )
    from confluent_kafka.admin import (
        AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
        OffsetSpec, ResourceType,
    )

    def results(futures):
        for key, future in futures.items():
            try:
                print(key, future.result())
            except KafkaException as problem:
                print(key, problem.args[0].name())

    def worker(kafka):
        admin = AdminClient({"bootstrap.servers": kafka})
"""


def holding(setting: Setting) -> None:
    """A topic with three records, stamped 10, 20 and 30, and the offsets of a group."""
    from minibroker.log.offsets import Committed

    setting.cluster.create_topic("orders", 2)
    for n in range(3):
        record = Record(0, None, b"%d" % n, 10 * n + 10)
        setting.cluster.produce("scenario", "orders", 0, batch([record]), 1)
    setting.cluster.groups.commit("scenario", "billing", {("orders", 0): Committed(2)})


def run(body: str, **more: Any) -> Ran:
    source = textwrap.dedent(HEAD) + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
    return play(source, holding, **more)


def test_topics_are_made_each_by_itself() -> None:
    ran = run("""
        results(admin.create_topics([
            NewTopic("paid", 3, config={"cleanup.policy": "compact"}), NewTopic("orders"),
            NewTopic("many", 1, 2), NewTopic("odd", 1, config={"foo": "1"}), NewTopic("a b"),
        ]))
        print(sorted(admin.list_topics().topics))
    """)
    assert ran.lines == [
        "paid None", "orders TOPIC_ALREADY_EXISTS", "many INVALID_REPLICATION_FACTOR",
        "odd INVALID_CONFIG", "a b TOPIC_EXCEPTION", "['orders', 'paid']",
    ]  # fmt: skip
    assert ran.cluster.partitions("paid") == 3


def test_topics_get_more_partitions_and_go() -> None:
    ran = run("""
        results(admin.create_partitions([NewPartitions("orders", 5), NewPartitions("none", 2)]))
        results(admin.create_partitions([NewPartitions("orders", 4)]))
        print(admin.list_topics("orders").topics["orders"].partitions.keys())
        results(admin.delete_topics(["orders", "none"]))
        print(admin.list_topics().topics)
    """)
    assert ran.lines == [
        "orders None", "none UNKNOWN_TOPIC_OR_PART", "orders INVALID_PARTITIONS",
        "dict_keys([0, 1, 2, 3, 4])", "orders None", "none UNKNOWN_TOPIC_OR_PART", "{}",
    ]  # fmt: skip


def test_metadata_name_the_leader_and_the_replicas() -> None:
    ran = run(
        """
        found = admin.list_topics()
        print(found.brokers, found.controller_id)
        partition = found.topics["orders"].partitions[1]
        print(partition.leader, partition.replicas, partition.isrs, partition.error)
        """
    )
    assert ran.lines == ["{1: BrokerMetadata(1, kafka:9092)} 1", "1 [1] [1] None"]


def test_asking_for_a_topic_by_name_makes_it() -> None:
    ran = run("""
        print(admin.list_topics("new").topics)
        print(admin.list_topics("a b").topics["a b"].error.name())
    """)
    assert ran.lines == ["{'new': TopicMetadata(new, 1 partitions)}", "UNKNOWN_TOPIC_OR_PART"]


def test_a_topics_configuration_is_seen_and_changed() -> None:
    ran = run("""
        def retention():
            resource = ConfigResource(ResourceType.TOPIC, "orders")
            (future,) = admin.describe_configs([resource]).values()
            print(future.result()["retention.ms"].value)

        def change(value, what):
            entry = ConfigEntry("retention.ms", value, incremental_operation=what)
            resource = ConfigResource("topic", "orders", incremental_configs=[entry])
            (future,) = admin.incremental_alter_configs([resource]).values()
            print(future.exception() and future.exception().args[0].name())

        retention()
        change("1000", AlterConfigOpType.SET)
        retention()
        change(None, AlterConfigOpType.DELETE)
        retention()
        change("soon", AlterConfigOpType.SET)
    """)
    assert ran.lines == ["604800000", "None", "1000", "None", "604800000", "INVALID_CONFIG"]


def test_offsets_are_listed_by_place_and_by_time() -> None:
    ran = run("""
        place = TopicPartition("orders", 0)
        specs = OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.for_timestamp(15)
        for spec in specs:
            found = admin.list_offsets({place: spec})[place].result()
            print(found.offset, found.timestamp)
        for gone in admin.delete_records([TopicPartition("orders", 0, 2)]).values():
            print(gone.result().low_watermark)
        level = IsolationLevel.READ_COMMITTED
        print(admin.list_offsets({place: specs[0]}, isolation_level=level)[place].result().offset)
    """)
    assert ran.lines == ["0 -1", "3 -1", "1 20", "2", "2"]


def test_a_groups_offsets_are_seen_moved_and_forgotten() -> None:
    ran = run("""
        def show():
            asked = ConsumerGroupTopicPartitions("billing")
            (future,) = admin.list_consumer_group_offsets([asked]).values()
            print([(at.topic, at.partition, at.offset) for at in future.result().topic_partitions])

        show()
        moved = ConsumerGroupTopicPartitions("billing", [TopicPartition("orders", 0, 0)])
        admin.alter_consumer_group_offsets([moved])["billing"].result()
        show()
        print([(group.group_id, group.state.name)
               for group in admin.list_consumer_groups().result().valid])
        described = admin.describe_consumer_groups(["billing", "none"])
        print({name: future.result().state.name for name, future in described.items()})
        results(admin.delete_consumer_groups(["billing", "none"]))
        show()
    """)
    assert ran.lines == [
        "[('orders', 0, 2)]", "[('orders', 0, 0)]", "[('billing', 'EMPTY')]",
        "{'billing': 'EMPTY', 'none': 'DEAD'}", "billing None", "none GROUP_ID_NOT_FOUND", "[]",
    ]  # fmt: skip


def test_an_answer_that_is_lost_is_told_as_a_timeout() -> None:
    body = """
        try:
            admin.create_topics([NewTopic("paid")])
        except KafkaException as problem:
            print(problem.args[0].name())
    """
    at = run(body).number("create_topics")
    for kind, made in (("definite", False), ("indefinite", True)):
        ran = run(body, plan=f"{kind}:{at}")
        assert ran.lines == ["_TIMED_OUT"]
        assert ("paid" in ran.cluster.topics()) is made


def test_what_is_not_simulated_is_named() -> None:
    ran = run("""
        for call in (
            lambda: admin.describe_acls,
            lambda: admin.create_topics([NewTopic("x")], validate_only=True),
            lambda: admin.describe_configs([ConfigResource("broker", "1")]),
            lambda: admin.create_topics([NewTopic("x", replica_assignment=[[1]])]),
        ):
            try:
                call()
            except NotImplementedError as error:
                print(error)
    """)
    assert len(ran.lines) == 4
    assert ran.lines[1] == "create_topics(validate_only=...) is not simulated here; leave it out"
