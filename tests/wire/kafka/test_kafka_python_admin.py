import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka import errors as failures
from kafka.admin import ConfigResource, NewTopic

from minibroker.wire.kafka.running import start


@pytest.fixture
def kafka():
    with start(3) as running:
        yield running


@pytest.fixture
def admin(kafka):
    client = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers, request_timeout_ms=5_000)
    client.create_topics([NewTopic("orders", 2, 3, topic_configs={"cleanup.policy": "compact"})])
    yield client
    client.close()


def orders(*, changes=None):
    return [ConfigResource("TOPIC", "orders", changes)]


def test_a_topic_has_more_partitions_when_they_were_asked_for(kafka, admin):
    admin.create_partitions({"orders": 4})
    assert kafka.ask(lambda server: server.cluster.partitions("orders")) == 4
    with pytest.raises(failures.InvalidPartitionsError):
        admin.create_partitions({"orders": 2})


def test_settings_of_a_topic_are_changed_and_described(kafka, admin):
    done = admin.alter_configs(
        orders(changes={"cleanup.policy": ("APPEND", "delete"), "retention.ms": "60000"})
    )
    assert done == {"topic": {"orders": "OK"}}
    found = admin.describe_configs(orders(), include_synonyms=True)["topic"]["orders"]
    assert {name: each["value"] for name, each in found.items()} == {
        "cleanup.policy": "compact,delete",
        "retention.ms": "60000",
    }
    assert [each["source"] for each in found["retention.ms"]["synonyms"]] == [
        "DYNAMIC_TOPIC_CONFIG",
        "DEFAULT_CONFIG",
    ]
    admin.reset_configs(orders(changes={"retention.ms": None}))
    assert "retention.ms" not in kafka.ask(lambda server: server.cluster.given_config("orders"))


def test_a_broker_tells_its_settings_and_keeps_them(admin):
    found = admin.describe_configs([ConfigResource("BROKER", "2", None)], config_filter="all")
    assert found["broker"]["2"]["node.id"]["value"] == "2"
    done = admin.alter_configs(
        [ConfigResource("BROKER", "2", {"num.partitions": "3"})], raise_on_unknown=False
    )
    assert "cannot be changed while it runs" in done["broker"]["2"]


def test_records_are_deleted_below_an_offset(admin):
    admin.create_topics([NewTopic("bills", 1, 1)])
    place = TopicPartition("bills", 0)
    assert admin.delete_records({place: -1})[place]["low_watermark"] == 0
    with pytest.raises(failures.OffsetOutOfRangeError):
        admin.delete_records({place: 5})
    with pytest.raises(failures.PolicyViolationError):
        admin.delete_records({TopicPartition("orders", 0): 0})


def test_the_cluster_and_its_topics_are_described(kafka, admin):
    found = admin.describe_cluster()
    assert (found["cluster_id"], found["controller_id"]) == (kafka.server.cluster_id, 1)
    assert [each["broker_id"] for each in found["brokers"]] == [1, 2, 3]
    (topic,) = admin.describe_topic_partitions(["orders"])["topics"]
    assert [each["isr_nodes"] for each in topic["partitions"]] == [
        each["replica_nodes"] for each in topic["partitions"]
    ]
    assert admin.list_config_resources(["TOPIC"]) == {"topic": ["orders"]}


def test_the_preferred_leader_leads_when_it_is_asked_for(kafka, admin):
    preferred = kafka.ask(lambda server: server.cluster.describe("orders")[0].replicas[0])
    admin.elect_leaders(0, {"orders": [0]})
    kafka.ask(lambda server: server.cluster.stop(preferred))  # its port stays open
    with pytest.raises(failures.PreferredLeaderNotAvailableError):
        admin.elect_leaders(0, {"orders": [0]})


def test_replicas_stay_where_they_are(kafka, admin):
    now = kafka.ask(lambda server: server.cluster.describe("orders")[0].replicas)
    place = TopicPartition("orders", 0)
    assert admin.alter_partition_reassignments({place: list(now)}) == {place: None}
    assert admin.alter_partition_reassignments({place: [now[0]]}) == {
        place: failures.InvalidReplicationAssignmentError
    }
    assert admin.alter_partition_reassignments({place: None}) == {
        place: failures.NoReassignmentInProgressError
    }
    assert kafka.ask(lambda server: server.cluster.describe("orders")[0].replicas) == now
    assert admin.list_partition_reassignments() == {}
    assert admin.list_partition_reassignments([place]) == {}


@pytest.mark.parametrize(
    "ask",
    [
        lambda admin: admin.describe_log_dirs(),
        lambda admin: admin.describe_metadata_quorum(),
        lambda admin: admin.describe_user_scram_credentials(),
    ],
)
def test_what_is_not_offered_is_an_error_at_once(admin, ask):
    with pytest.raises(failures.IncompatibleBrokerVersion, match="does not support"):
        ask(admin)
