"""Each version of each request of an administrator, byte by byte, and the errors that the three
clients' own checks keep from the broker."""

from contextlib import closing

import pytest

from minibroker.log.errors import Code
from minibroker.wire.kafka import apis
from minibroker.wire.kafka.messages import KEYS
from minibroker.wire.kafka.operations import CLUSTER
from minibroker.wire.kafka.running import start
from tests.wire.kafka.asking import SECOND, Wire
from tests.wire.kafka.waiting import soon

TOPIC, BROKER = 2, 4
SET, DELETE, APPEND, SUBTRACT = range(4)


@pytest.fixture
def kafka():
    with start(3) as running:
        running.ask(
            lambda server: server.cluster.create_topic(
                "orders", 2, 3, {"cleanup.policy": "compact", "retention.ms": "60000"}
            )
        )
        yield running


@pytest.fixture
def wire(kafka):
    with closing(Wire(kafka.server.brokers[1].port)) as found:
        yield found


def versions(*names):
    served = {key: (first, last) for key, first, last in apis.served()}
    return [
        pytest.param(name, version, id=f"{name}-{version}")
        for name in names
        for version in range(served[KEYS[name]][0], served[KEYS[name]][1] + 1)
    ]


def configs(wire, kind, name, *, version=4, keys=None):
    found = wire.ask(
        "describe_configs",
        version,
        lambda of: {
            "resources": (
                of.DescribeConfigsResource(
                    resource_type=kind, resource_name=name, configuration_keys=keys
                ),
            )
        },
        include_synonyms=True,
        include_documentation=True,
    )
    (result,) = found.results
    return result


def altered(wire, *changes, kind=TOPIC, name="orders", twice=False, version=1, **more):
    found = wire.ask(
        "incremental_alter_configs",
        version,
        lambda of: {
            "resources": (
                of.AlterConfigsResource(
                    resource_type=kind,
                    resource_name=name,
                    configs=tuple(
                        of.AlterableConfig(name=setting, config_operation=operation, value=value)
                        for setting, operation, value in changes
                    ),
                ),
            )
            * (2 if twice else 1)
        },
        **({"validate_only": False} | more),
    )
    return found.responses[0]


def given(kafka, topic="orders"):
    return kafka.ask(lambda server: server.cluster.given_config(topic))


@pytest.mark.parametrize(("name", "version"), versions("describe_configs"))
def test_each_version_of_describe_configs(wire, name, version):
    result = configs(wire, TOPIC, "orders", version=version)
    assert result.error_code == Code.NONE
    found = {each.name: each for each in result.configs}
    policy, segment = found["cleanup.policy"], found["segment.bytes"]
    assert (policy.value, policy.config_source, policy.read_only) == ("compact", 1, False)
    assert [(s.name, s.value, s.source) for s in policy.synonyms] == [
        ("cleanup.policy", "compact", 1),
        ("cleanup.policy", "delete", 5),
    ]
    assert (segment.value, segment.config_source) == ("1073741824", 5)
    assert [s.source for s in segment.synonyms] == [5]
    if version >= 3:
        kinds = {name: found[name].config_type for name in found}
        assert kinds["cleanup.policy"] == 7
        assert kinds["segment.bytes"] == kinds["min.insync.replicas"] == 3
        assert kinds["retention.ms"] == 5
        assert kinds["preallocate"] == 1
        assert kinds["min.cleanable.dirty.ratio"] == 6
        assert kinds["compression.type"] == 2


def test_settings_are_described_by_name_and_none_or_an_empty_list_are_all(wire):
    assert [e.name for e in configs(wire, TOPIC, "orders", keys=("retention.ms", "x")).configs] == [
        "retention.ms"
    ]
    every = configs(wire, TOPIC, "orders").configs
    assert configs(wire, TOPIC, "orders", keys=()).configs == every
    assert len(every) > 20


def test_a_broker_tells_its_own_settings_alone(wire):
    found = {each.name: each for each in configs(wire, BROKER, "1").configs}
    assert all(each.read_only for each in found.values())
    assert (found["node.id"].value, found["node.id"].config_source) == ("1", 4)
    assert found["auto.create.topics.enable"].config_source == 5
    delay = found["group.initial.rebalance.delay.ms"]
    assert (delay.value, delay.config_source) == ("0", 4)
    assert configs(wire, BROKER, "").configs == ()
    other = configs(wire, BROKER, "2")
    assert (other.error_code, other.configs) == (Code.INVALID_REQUEST, ())
    assert other.error_message == "this is broker 1; ask broker '2' for its configuration"


@pytest.mark.parametrize("kind", [8, 16, 32, 77])
def test_what_has_no_configuration_here_is_refused(wire, kind):
    assert configs(wire, kind, "x").error_code == Code.INVALID_REQUEST
    assert altered(wire, ("a", SET, "b"), kind=kind).error_code == Code.INVALID_REQUEST


def test_a_topic_that_is_not_there_has_no_configuration(wire):
    assert configs(wire, TOPIC, "bills").error_code == Code.UNKNOWN_TOPIC_OR_PARTITION
    refused = altered(wire, ("retention.ms", SET, "1"), name="bills")
    assert refused.error_code == Code.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize(("name", "version"), versions("incremental_alter_configs"))
def test_each_version_of_incremental_alter_configs(kafka, wire, name, version):
    done = altered(
        wire,
        ("cleanup.policy", APPEND, "delete"),
        ("retention.ms", DELETE, None),
        ("segment.ms", SET, "5000"),
        version=version,
    )
    assert (done.error_code, done.resource_name) == (Code.NONE, "orders")
    assert given(kafka) == {"cleanup.policy": "compact,delete", "segment.ms": "5000"}


@pytest.mark.parametrize(
    ("changes", "more", "code"),
    [
        ([("retention.ms", SET, "soon")], {}, Code.INVALID_CONFIG),
        ([("retention.sm", SET, "1")], {}, Code.INVALID_CONFIG),
        ([("retention.ms", SET, None)], {}, Code.INVALID_REQUEST),
        ([("retention.ms", APPEND, "1")], {}, Code.INVALID_CONFIG),
        ([("retention.sm", APPEND, "1")], {}, Code.INVALID_CONFIG),
        ([("retention.ms", 9, "1")], {}, Code.INVALID_REQUEST),
        ([("segment.ms", SET, "5000"), ("retention.ms", SET, "")], {}, Code.INVALID_CONFIG),
        ([("segment.ms", SET, "1"), ("segment.ms", SET, "2")], {}, Code.INVALID_REQUEST),
        ([("segment.ms", SET, "1")], {"twice": True}, Code.INVALID_REQUEST),
        ([("segment.ms", SET, "5000")], {"validate_only": True}, Code.NONE),
        ([("segment.ms", SET, "5 s")], {"validate_only": True}, Code.INVALID_CONFIG),
        ([("num.partitions", SET, "2")], {"kind": BROKER, "name": "1"}, Code.INVALID_REQUEST),
        ([("num.partitions", SET, "2")], {"kind": BROKER, "name": ""}, Code.INVALID_REQUEST),
    ],
)
def test_changes_that_are_refused_or_only_tried_change_nothing(kafka, wire, changes, more, code):
    before = given(kafka)
    assert altered(wire, *changes, **more).error_code == code
    assert given(kafka) == before


@pytest.mark.parametrize(("name", "version"), versions("alter_configs"))
@pytest.mark.parametrize("validate_only", [False, True])
def test_each_version_of_alter_configs_sets_these_and_nothing_else(
    kafka, wire, name, version, validate_only
):
    before = given(kafka)
    found = wire.ask(
        name,
        version,
        lambda of: {
            "resources": tuple(
                of.AlterConfigsResource(
                    resource_type=kind,
                    resource_name=resource,
                    configs=(of.AlterableConfig(name="segment.ms", value="5000"),),
                )
                for kind, resource in ((TOPIC, "orders"), (BROKER, "1"))
            )
        },
        validate_only=validate_only,
    )
    assert [each.error_code for each in found.responses] == [Code.NONE, Code.INVALID_REQUEST]
    assert given(kafka) == (before if validate_only else {"segment.ms": "5000"})


@pytest.mark.parametrize(("name", "version"), versions("create_partitions"))
def test_each_version_of_create_partitions(kafka, wire, name, version):
    def asked(count, assignments=None, times=1, validate_only=False):
        found = wire.ask(
            name,
            version,
            lambda of: {
                "topics": (
                    of.CreatePartitionsTopic(
                        name="orders",
                        count=count,
                        assignments=assignments
                        and (of.CreatePartitionsAssignment(broker_ids=(1, 2, 3)),),
                    ),
                )
                * times,
                "timeout": SECOND,
            },
            validate_only=validate_only,
        )
        return found.results[0].error_code, kafka.ask(lambda s: s.cluster.partitions("orders"))

    assert asked(5, validate_only=True) == (Code.NONE, 2)
    assert asked(2, validate_only=True) == (Code.INVALID_PARTITIONS, 2)
    assert asked(3, assignments=True) == (Code.INVALID_REPLICA_ASSIGNMENT, 2)
    assert asked(3, times=2) == (Code.INVALID_REQUEST, 2)
    assert asked(3) == (Code.NONE, 3)
    kafka.stop_broker(3)
    assert asked(4, validate_only=True) == (Code.INVALID_REPLICATION_FACTOR, 3)
    assert asked(4) == (Code.INVALID_REPLICATION_FACTOR, 3)


@pytest.mark.parametrize(("name", "version"), versions("delete_records"))
def test_each_version_of_delete_records(kafka, wire, name, version):
    kafka.ask(lambda server: server.cluster.create_topic("bills", 1, 1))
    leader = kafka.ask(lambda server: server.cluster.leader("bills", 0))

    def asked(to, topic, partition, offset):
        with closing(Wire(kafka.server.brokers[to].port)) as other:
            found = other.ask(
                name,
                version,
                lambda of: {
                    "topics": (
                        of.DeleteRecordsTopic(
                            name=topic,
                            partitions=(
                                of.DeleteRecordsPartition(partition_index=partition, offset=offset),
                            ),
                        ),
                    ),
                    "timeout": SECOND,
                },
            )
        (result,) = found.topics[0].partitions
        return result.error_code, result.low_watermark

    assert asked(leader, "bills", 0, -1) == (Code.NONE, 0)
    assert asked(leader, "bills", 0, 1) == (Code.OFFSET_OUT_OF_RANGE, -1)
    assert asked(leader, "bills", 7, 0) == (Code.UNKNOWN_TOPIC_OR_PARTITION, -1)
    assert asked(leader % 3 + 1, "bills", 0, 0) == (Code.NOT_LEADER_OR_FOLLOWER, -1)
    leads = kafka.ask(lambda server: server.cluster.leader("orders", 0))
    assert asked(leads, "orders", 0, 0) == (Code.POLICY_VIOLATION, -1)


@pytest.mark.parametrize(("name", "version"), versions("describe_cluster"))
def test_each_version_of_describe_cluster(kafka, wire, name, version):
    kafka.stop_broker(2)
    found = wire.ask(
        name, version, include_cluster_authorized_operations=True, include_fenced_brokers=True
    )
    brokers = kafka.server.brokers
    assert found.error_code == Code.NONE
    assert (found.cluster_id, found.controller_id) == (kafka.server.cluster_id, 1)
    assert [(b.broker_id, b.host, b.port) for b in found.brokers] == [
        (number, "127.0.0.1", brokers[number].port)
        for number in ((1, 2, 3) if version >= 2 else (1, 3))
    ]
    assert found.cluster_authorized_operations == CLUSTER
    if version >= 2:
        assert [b.is_fenced for b in found.brokers] == [False, True, False]
    plain = wire.ask(
        name, version, include_cluster_authorized_operations=False, include_fenced_brokers=False
    )
    assert [b.broker_id for b in plain.brokers] == [1, 3]
    assert plain.cluster_authorized_operations == -(2**31)


@pytest.mark.parametrize(
    ("endpoint", "code"), [(2, Code.MISMATCHED_ENDPOINT_TYPE), (3, Code.UNSUPPORTED_ENDPOINT_TYPE)]
)
def test_controllers_have_no_address(wire, endpoint, code):
    found = wire.ask(
        "describe_cluster",
        1,
        include_cluster_authorized_operations=False,
        endpoint_type=endpoint,
    )
    assert (found.error_code, found.brokers) == (code, ())


def test_partitions_are_described_so_many_at_a_time(kafka, wire):
    for name, count in (("bills", 3), ("parcels", 1)):
        kafka.ask(lambda server, n=name, c=count: server.cluster.create_topic(n, c, 1))
    pages, cursor = [], None
    for _ in range(5):
        found = wire.ask(
            "describe_topic_partitions",
            0,
            lambda of, at=cursor: {
                "topics": (),
                "cursor": at
                and of.Cursor(topic_name=at.topic_name, partition_index=at.partition_index),
            },
            response_partition_limit=2,
        )
        pages.append([(t.name, [p.partition_index for p in t.partitions]) for t in found.topics])
        cursor = found.next_cursor
        if cursor is None:
            break
    assert pages == [
        [("bills", [0, 1])],
        [("bills", [2]), ("orders", [0])],
        [("orders", [1]), ("parcels", [0])],
    ]


def test_a_topic_that_is_asked_for_by_name_is_described_or_is_not_there(kafka, wire):
    found = wire.ask(
        "describe_topic_partitions",
        0,
        lambda of: {
            "topics": (of.TopicRequest(name="orders"), of.TopicRequest(name="missing")),
            "cursor": None,
        },
        response_partition_limit=100,
    )
    missing, orders = found.topics
    assert (missing.name, missing.error_code) == ("missing", Code.UNKNOWN_TOPIC_OR_PARTITION)
    assert missing.partitions == ()
    assert orders.topic_id == kafka.ask(lambda server: server.cluster.topic_id("orders"))
    assert [len(each.isr_nodes) for each in orders.partitions] == [3, 3]
    assert [each.eligible_leader_replicas for each in orders.partitions] == [(), ()]


@pytest.mark.parametrize(("name", "version"), versions("elect_leaders"))
def test_each_version_of_elect_leaders(kafka, wire, name, version):
    preferred = kafka.ask(lambda server: server.cluster.describe("orders")[0].replicas[0])
    asked = next(number for number in (1, 2, 3) if number != preferred)

    def elected(partitions=(0,), kind=0):
        with closing(Wire(kafka.server.brokers[asked].port)) as other:
            found = other.ask(
                name,
                version,
                lambda of: {
                    "topic_partitions": partitions
                    and (of.TopicPartitions(topic="orders", partitions=partitions),),
                },
                election_type=kind,
            )
        return {
            each.partition_id: each.error_code
            for topic in found.replica_election_results
            for each in topic.partition_result
        }

    assert elected((0, 9)) == {0: Code.ELECTION_NOT_NEEDED, 9: Code.UNKNOWN_TOPIC_OR_PARTITION}
    assert elected(None) == {}
    kafka.stop_broker(preferred)
    assert elected() == {0: Code.PREFERRED_LEADER_NOT_AVAILABLE}
    if version >= 1:
        assert elected(kind=1) == {0: Code.ELECTION_NOT_NEEDED}
    kafka.start_broker(preferred)
    soon(lambda: elected(None).get(0) == Code.NONE)
    assert kafka.ask(lambda server: server.cluster.leader("orders", 0)) == preferred


@pytest.mark.parametrize(("name", "version"), versions("list_config_resources"))
def test_each_version_of_list_config_resources(wire, name, version):
    found = wire.ask(name, version, resource_types=())
    assert found.error_code == Code.NONE
    names = [(each.resource_type, each.resource_name) for each in found.config_resources]
    if version:
        assert names == [(2, "orders"), (4, "1"), (4, "2"), (4, "3")]
        assert wire.ask(name, version, resource_types=(32,)).error_code == Code.UNSUPPORTED_VERSION
    else:
        assert names == []


@pytest.mark.parametrize(("name", "version"), versions("create_acls", "delete_acls"))
def test_each_version_of_what_needs_an_authorizer(wire, name, version):
    acl = {"resource_type": 2, "resource_name": "orders", "principal": "User:a", "host": "*"}
    acl |= {"operation": 3, "permission_type": 3}
    filtered = {f"{key}_filter": value for key, value in acl.items()}
    filtered |= {"operation": 3, "permission_type": 3}
    found = wire.ask(
        name,
        version,
        lambda of: (
            {"creations": (of.AclCreation(**acl),)}
            if name == "create_acls"
            else {"filters": (of.DeleteAclsFilter(**filtered),)}
        ),
    )
    results = found.results if name == "create_acls" else found.filter_results
    assert [each.error_code for each in results] == [Code.SECURITY_DISABLED]
    assert "no authorizer" in results[0].error_message


def reassigned(wire, version, wanted):
    """Ask for replicas by topic and partition; gives the answers by the same."""
    found = wire.ask(
        "alter_partition_reassignments",
        version,
        lambda of: {
            "topics": tuple(
                of.ReassignableTopic(
                    name=topic,
                    partitions=(of.ReassignablePartition(partition_index=number, replicas=where),),
                )
                for (topic, number), where in wanted.items()
            ),
            "timeout": SECOND,
        },
    )
    return {
        (topic.name, each.partition_index): each
        for topic in found.responses
        for each in topic.partitions
    }


@pytest.mark.parametrize(("name", "version"), versions("alter_partition_reassignments"))
def test_each_version_of_alter_partition_reassignments(kafka, wire, name, version):
    now = tuple(kafka.ask(lambda server: server.cluster.describe("orders")[0].replicas))
    found = reassigned(
        wire,
        version,
        {("orders", 0): now, ("orders", 1): (1,), ("orders", 9): (1,), ("missing", 0): None},
    )
    assert {where: each.error_code for where, each in found.items()} == {
        ("orders", 0): Code.NONE,
        ("orders", 1): Code.INVALID_REPLICA_ASSIGNMENT,
        ("orders", 9): Code.UNKNOWN_TOPIC_OR_PARTITION,
        ("missing", 0): Code.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert "places replicas by itself" in found["orders", 1].error_message
    off = reassigned(wire, version, {("orders", 0): None})["orders", 0]
    assert off.error_code == Code.NO_REASSIGNMENT_IN_PROGRESS


@pytest.mark.parametrize(
    "name",
    [
        "create_partitions",
        "describe_configs",
        "incremental_alter_configs",
        "alter_configs",
        "delete_records",
        "describe_cluster",
        "elect_leaders",
        "list_config_resources",
        "alter_partition_reassignments",
        "list_partition_reassignments",
    ],
)
def test_a_fault_shows_in_the_answer(kafka, wire, name):
    """Whatever a lesson asked to go wrong is answered as such, and the connection stays."""
    kafka.fail(name, error="UNKNOWN_SERVER_ERROR")
    match name:
        case "describe_configs":
            code = configs(wire, BROKER, "1").error_code
        case "incremental_alter_configs":
            code = altered(wire, ("segment.ms", SET, "5000")).error_code
        case "alter_configs":
            code = (
                wire.ask(
                    name,
                    2,
                    lambda of: {
                        "resources": (
                            of.AlterConfigsResource(
                                resource_type=TOPIC, resource_name="orders", configs=()
                            ),
                        )
                    },
                    validate_only=False,
                )
                .responses[0]
                .error_code
            )
        case "create_partitions":
            code = (
                wire.ask(
                    name,
                    3,
                    lambda of: {
                        "topics": (
                            of.CreatePartitionsTopic(name="orders", count=9, assignments=None),
                        ),
                        "timeout": SECOND,
                    },
                    validate_only=False,
                )
                .results[0]
                .error_code
            )
        case "delete_records":
            code = (
                wire.ask(
                    name,
                    2,
                    lambda of: {
                        "topics": (
                            of.DeleteRecordsTopic(
                                name="orders",
                                partitions=(
                                    of.DeleteRecordsPartition(partition_index=0, offset=0),
                                ),
                            ),
                        ),
                        "timeout": SECOND,
                    },
                )
                .topics[0]
                .partitions[0]
                .error_code
            )
        case "describe_cluster":
            code = wire.ask(
                name, 2, include_cluster_authorized_operations=False, include_fenced_brokers=False
            ).error_code
        case "elect_leaders":
            code = wire.ask(name, 2, election_type=0, topic_partitions=None).error_code
        case "list_partition_reassignments":
            code = wire.ask(name, 0, timeout=SECOND, topics=None).error_code
        case "alter_partition_reassignments":
            code = reassigned(wire, 1, {("orders", 0): None})["orders", 0].error_code
        case _:
            code = wire.ask(name, 1, resource_types=()).error_code
    assert code == Code.UNKNOWN_SERVER_ERROR
    assert configs(wire, TOPIC, "orders").error_code == Code.NONE


def test_a_request_for_too_many_partitions_makes_none(kafka):
    port = int(kafka.bootstrap_servers.rpartition(":")[2])
    wire = Wire(port)

    def asks(*counts):
        def make(of):
            topics = tuple(
                of.CreatableTopic(
                    name=f"t{number}", num_partitions=count, replication_factor=1,
                    assignments=(), configs=(),
                )
                for number, count in enumerate(counts)
            )  # fmt: skip
            return {"topics": topics, "timeout": SECOND, "validate_only": False}

        return [Code(each.error_code) for each in wire.ask("create_topics", 7, make).topics]

    try:
        assert asks(2_000_000_000) == [Code.POLICY_VIOLATION]
        assert asks(6_000, 6_000) == [Code.POLICY_VIOLATION] * 2
        assert "t0" not in kafka.ask(lambda server: server.cluster.topics())
        assert asks(3, -1) == [Code.NONE] * 2
    finally:
        wire.close()


@pytest.mark.parametrize("version", range(2, 8))
def test_a_topic_that_is_there_is_not_made_again(kafka, version):
    wire = Wire(int(kafka.bootstrap_servers.rpartition(":")[2]))

    def make(of):
        topic = of.CreatableTopic(
            name="orders", num_partitions=1, replication_factor=1, assignments=(), configs=()
        )
        return {"topics": (topic,), "timeout": SECOND, "validate_only": False}

    try:
        (found,) = wire.ask("create_topics", version, make).topics
    finally:
        wire.close()
    assert found.error_code == Code.TOPIC_ALREADY_EXISTS


@pytest.mark.parametrize("version", range(1, 7))
def test_a_topic_that_is_not_there_is_not_deleted(kafka, version):
    wire = Wire(int(kafka.bootstrap_servers.rpartition(":")[2]))

    def make(of):
        if version < 6:
            return {"topic_names": ("missing",), "timeout": SECOND}
        return {"topics": (of.DeleteTopicState(name="missing", topic_id=None),), "timeout": SECOND}

    try:
        (found,) = wire.ask("delete_topics", version, make).responses
    finally:
        wire.close()
    assert found.error_code == Code.UNKNOWN_TOPIC_OR_PARTITION
