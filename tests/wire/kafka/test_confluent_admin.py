import pytest
from confluent_kafka import (
    ElectionType,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from minibroker.wire.kafka.running import start

WAIT = 5


@pytest.fixture
def kafka():
    with start(3) as running:
        yield running


@pytest.fixture
def admin(kafka):
    return AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})


@pytest.fixture
def orders(admin):
    topic = NewTopic("orders", 2, 3, config={"cleanup.policy": "compact"})
    admin.create_topics([topic])["orders"].result(WAIT)
    return ConfigResource("topic", "orders")


def one(futures):
    (future,) = futures.values()
    return future.result(WAIT)


def refused(futures):
    with pytest.raises(KafkaException) as error:
        one(futures)
    return error.value.args[0]


def test_a_topic_has_more_partitions_when_they_were_asked_for(admin, orders):
    one(admin.create_partitions([NewPartitions("orders", 4)], validate_only=True))
    assert len(admin.list_topics("orders", WAIT).topics["orders"].partitions) == 2
    one(admin.create_partitions([NewPartitions("orders", 4)]))
    assert len(admin.list_topics("orders", WAIT).topics["orders"].partitions) == 4
    error = refused(admin.create_partitions([NewPartitions("orders", 3)]))
    assert error.code() == KafkaError.INVALID_PARTITIONS


def test_settings_of_a_topic_are_changed_and_described(admin, orders):
    orders.add_incremental_config(
        ConfigEntry("cleanup.policy", "delete", incremental_operation=AlterConfigOpType.APPEND)
    )
    orders.add_incremental_config(
        ConfigEntry("retention.ms", "60000", incremental_operation=AlterConfigOpType.SET)
    )
    one(admin.incremental_alter_configs([orders], validate_only=True))
    assert one(admin.describe_configs([orders]))["cleanup.policy"].value == "compact"
    one(admin.incremental_alter_configs([orders]))
    found = one(admin.describe_configs([orders]))
    policy, span = found["cleanup.policy"], found["retention.ms"]
    assert (policy.value, span.value) == ("compact,delete", "60000")
    assert ConfigSource(span.source) is ConfigSource.DYNAMIC_TOPIC_CONFIG
    assert found["segment.ms"].is_default
    legacy = ConfigResource("topic", "orders", set_config={"segment.ms": "5000"})
    with pytest.warns(DeprecationWarning, match="alter_configs"):
        one(admin.alter_configs([legacy]))
    found = one(admin.describe_configs([orders]))
    assert (found["segment.ms"].value, found["cleanup.policy"].value) == ("5000", "delete")


def test_a_wrong_setting_is_refused_in_words(admin, orders):
    orders.add_incremental_config(
        ConfigEntry("retention.sm", "1", incremental_operation=AlterConfigOpType.SET)
    )
    error = refused(admin.incremental_alter_configs([orders]))
    assert error.code() == KafkaError.INVALID_CONFIG
    assert "did you mean retention.ms?" in error.str()


def test_a_broker_tells_its_settings_and_keeps_them(admin):
    broker = ConfigResource("broker", "2")
    found = one(admin.describe_configs([broker]))
    assert found["node.id"].value == "2"
    assert all(each.is_read_only for each in found.values())
    broker.add_incremental_config(
        ConfigEntry("num.partitions", "3", incremental_operation=AlterConfigOpType.SET)
    )
    error = refused(admin.incremental_alter_configs([broker]))
    assert error.code() == KafkaError.INVALID_REQUEST
    assert "cannot be changed while it runs" in error.str()


def test_records_are_deleted_below_an_offset(kafka, admin):
    one(admin.create_topics([NewTopic("bills", 1, 3)]))
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    for number in range(3):
        producer.produce("bills", str(number))
    assert producer.flush(WAIT) == 0
    deleted = one(admin.delete_records([TopicPartition("bills", 0, 2)]))
    assert deleted.low_watermark == 2
    error = refused(admin.delete_records([TopicPartition("bills", 0, 9)]))
    assert error.code() == KafkaError.OFFSET_OUT_OF_RANGE


def test_the_cluster_and_its_topics_are_described(kafka, admin, orders):
    found = admin.describe_cluster(include_authorized_operations=True).result(WAIT)
    assert [(node.id, node.port) for node in found.nodes] == [
        (number, broker.port) for number, broker in kafka.server.brokers.items()
    ]
    assert found.controller.id == 1
    assert AclOperation.CREATE in found.authorized_operations
    topic = one(admin.describe_topics(TopicCollection(["orders"])))
    assert [len(each.isr) for each in topic.partitions] == [3, 3]


def test_the_preferred_leader_leads_when_it_is_asked_for(kafka, admin, orders):
    preferred = kafka.ask(lambda server: server.cluster.describe("orders")[0].replicas[0])
    place = TopicPartition("orders", 0)

    def elected():
        found = admin.elect_leaders(ElectionType.PREFERRED, [place]).result(WAIT)
        return found[place]

    assert elected().code() == KafkaError.ELECTION_NOT_NEEDED
    kafka.ask(lambda server: server.cluster.stop(preferred))  # its port stays open
    assert elected().code() == KafkaError.PREFERRED_LEADER_NOT_AVAILABLE


def test_what_is_not_offered_is_an_error_at_once(admin):
    anything = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    assert refused(admin.delete_acls([anything])).code() == KafkaError.SECURITY_DISABLED
    for asked in (admin.describe_acls(anything), admin.describe_user_scram_credentials()):
        with pytest.raises(KafkaException) as error:
            asked.result(WAIT)
        assert error.value.args[0].code() == KafkaError._UNSUPPORTED_FEATURE
