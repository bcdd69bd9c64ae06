"""The requests of consumer groups in all their versions, and what is refused how."""

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from minibroker.wire.kafka.running import Running
from tests.wire.kafka import raw
from tests.wire.kafka.coordinating import Member, Of, answered, ask, send, versions
from tests.wire.kafka.waiting import soon


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    """All are closed in the end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def line(kafka: Running, connections: ExitStack) -> socket.socket:
    """A connection to a broker that has the topic `orders` of three partitions."""
    kafka.ask(lambda server: server.cluster.create_topic("orders", 3))
    return connections.enter_context(raw.connected(kafka.bootstrap_servers))


def another(kafka: Running, connections: ExitStack) -> socket.socket:
    return connections.enter_context(raw.connected(kafka.bootstrap_servers))


def code(found: Any) -> str:
    return str(found.error_code.name)


def commit(line: socket.socket, of: Of, offsets: dict[int, int], **given: Any) -> list[str]:
    """Commit offsets of the topic `orders` and give what became of each."""
    partition, topic = of.OffsetCommitRequestPartition, of.OffsetCommitRequestTopic
    found = ask(
        line,
        of,
        **{"group_id": "shop", "generation_id_or_member_epoch": -1, "member_id": ""} | given,
        topics=(
            topic(
                name=given.get("topic", "orders"),
                partitions=tuple(
                    partition(
                        partition_index=number,
                        committed_offset=offset,
                        committed_leader_epoch=0,
                        committed_metadata=given.get("metadata", {}).get(number, "note"),
                    )
                    for number, offset in offsets.items()
                ),
            ),
        ),
    )
    return [code(each) for each in found.topics[0].partitions]


def committed(line: socket.socket, of: Of, numbers: tuple[int, ...], **given: Any) -> Any:
    """The answer to an OffsetFetch of one group."""
    stable = given.pop("require_stable", False)
    if of.version < 8:
        topic = of.OffsetFetchRequestTopic(name="orders", partition_indexes=numbers)
        return ask(line, of, group_id="shop", topics=(topic,), require_stable=stable)
    topic = of.OffsetFetchRequestTopics(name="orders", partition_indexes=numbers)
    group = of.OffsetFetchRequestGroup(**{"group_id": "shop", "topics": (topic,)} | given)
    return ask(line, of, groups=(group,), require_stable=stable).groups[0]


@pytest.mark.parametrize("version", range(10))
def test_a_member_joins_in_every_version(line: socket.socket, version: int) -> None:
    member = Member(line, version=version)
    member.asks_to_join()
    found = member.joined()
    if version >= 4:
        assert code(found) == "member_id_required"
        assert found.member_id.startswith("test-")
        assert found.members == ()
        member.asks_to_join()
        found = member.joined()
    assert code(found) == "none"
    assert (found.generation_id, found.protocol_name, found.leader) == (1, "range", found.member_id)
    (only,) = found.members
    assert (only.member_id, only.metadata) == (found.member_id, b"wish")
    assert version < 7 or found.protocol_type == "consumer"


@pytest.mark.parametrize("version", range(6))
def test_the_leader_brings_the_parts_in_every_version(line: socket.socket, version: int) -> None:
    member = Member(line)
    member.joins()
    found = member.syncs({member.member_id: b"part"}, version)
    assert (code(found), found.assignment) == ("none", b"part")
    if version >= 5:
        assert (found.protocol_type, found.protocol_name) == ("consumer", "range")
    assert member.beats(version=min(version, 4)) == "none"


def test_a_sync_for_another_protocol_is_refused(line: socket.socket) -> None:
    member = Member(line)
    member.joins()
    of = Of("sync_group", 5)
    given = member.named | {"assignments": ()}
    found = ask(line, of, **given, protocol_type="consumer", protocol_name="roundrobin")
    assert code(found) == "inconsistent_group_protocol"
    found = ask(line, of, **given, protocol_type="connect", protocol_name="range")
    assert code(found) == "inconsistent_group_protocol"


def test_members_wait_for_each_other(
    kafka: Running, line: socket.socket, connections: ExitStack
) -> None:
    first, second = Member(line), Member(another(kafka, connections))
    first.joins()
    first.syncs({first.member_id: b"all"})
    second.asks_to_join()
    second.joined()
    second.asks_to_join()
    soon(lambda: first.beats() == "rebalance_in_progress")
    first.asks_to_join()
    told = first.joined()
    assert {each.member_id for each in told.members} == {first.member_id, second.member_id}
    found = second.joined()
    assert (found.generation_id, found.leader, found.members) == (2, first.member_id, ())
    of = second.asks_to_sync({})
    first.syncs({first.member_id: b"left", second.member_id: b"right"})
    assert answered(second.connection, of).assignment == b"right"


def test_a_client_that_is_gone_while_it_joins_disturbs_nobody(
    kafka: Running, line: socket.socket, connections: ExitStack
) -> None:
    first, second = Member(line, version=3), Member(another(kafka, connections), version=3)
    first.joins()
    first.syncs({first.member_id: b"all"})
    second.asks_to_join()
    soon(lambda: first.beats() == "rebalance_in_progress")
    second.connection.close()
    first.asks_to_join()
    assert len(first.joined().members) == 2, "its session decides, not its connection"


def test_a_silent_members_session_ends_and_another_has_all(
    kafka: Running, line: socket.socket, connections: ExitStack
) -> None:
    silent, other = Member(line), Member(another(kafka, connections))
    silent.joins()
    silent.syncs({silent.member_id: b"all"})
    silent.connection.close()
    began = time.monotonic()
    found = other.joins()
    assert 5.5 < time.monotonic() - began < 8, "as long as the session of the one that is silent"
    assert [each.member_id for each in found.members] == [other.member_id]
    assert found.generation_id == 2


def test_members_are_named_in_refusals(line: socket.socket) -> None:
    member = Member(line)
    assert member.beats() == "unknown_member_id"
    member.joins()
    member.syncs({})
    member.generation = 7
    assert member.beats() == "illegal_generation"
    assert code(member.syncs({})) == "illegal_generation"
    member.member_id = "nobody"
    assert member.beats() == "unknown_member_id"
    member.asks_to_join()
    assert code(member.joined()) == "unknown_member_id"


@pytest.mark.parametrize("version", range(5, 10))
def test_a_static_member_that_is_back_fences_the_one_before(
    kafka: Running, line: socket.socket, connections: ExitStack, version: int
) -> None:
    before = Member(line, instance_id="till-1")
    before.joins()
    before.syncs({before.member_id: b"part"})
    after = Member(another(kafka, connections), instance_id="till-1", version=version)
    found = after.joins()
    assert (found.generation_id, code(found)) == (1, "none")
    if version >= 9:
        assert (found.leader, found.skip_assignment) == (after.member_id, True)
        assert [each.member_id for each in found.members] == [after.member_id]
    else:
        assert (found.leader, found.members) == (before.member_id, ())
    assert after.syncs({}).assignment == b"part"
    assert before.beats() == "fenced_instance_id"


@pytest.mark.parametrize("version", range(6))
def test_a_member_leaves_in_every_version(line: socket.socket, version: int) -> None:
    member, of = Member(line), Of("leave_group", version)
    member.joins()
    identity = () if version < 3 else (of.MemberIdentity(**member.named, reason=None),)
    given = {"group_id": "shop", "member_id": member.member_id, "members": identity}
    found = ask(line, of, **given)
    assert code(found) == "none"
    assert version < 3 or code(found.members[0]) == "none"
    found = ask(line, of, **given)
    assert code(found if version < 3 else found.members[0]) == "unknown_member_id"


def test_an_operator_lets_several_leave(line: socket.socket) -> None:
    member, of = Member(line, instance_id="till-1"), Of("leave_group", 5)
    member.joins()
    names = ("till-1", "till-2")
    members = tuple(
        of.MemberIdentity(member_id="", group_instance_id=name, reason=None) for name in names
    )
    found = ask(line, of, group_id="shop", members=members)
    assert [code(each) for each in found.members] == ["none", "unknown_member_id"]


def test_offsets_are_committed_and_fetched_in_every_version(line: socket.socket) -> None:
    for of in versions("offset_commit", 2, 9):
        assert commit(line, of, {0: of.version, 9: 1}) == ["none", "unknown_topic_or_partition"]
        for back in versions("offset_fetch", 1, 9):
            found = committed(line, back, (0, 1))
            one, none = found.topics[0].partitions
            assert (one.committed_offset, one.metadata) == (of.version, "note")
            assert (none.committed_offset, none.metadata, code(none)) == (-1, "", "none")
            if of.version >= 6 and back.version >= 5:
                assert one.committed_leader_epoch == 0


def test_all_that_a_group_committed_is_fetched(line: socket.socket) -> None:
    commit(line, Of("offset_commit", 9), {0: 5, 2: 7})
    for of in versions("offset_fetch", 2, 9):
        if of.version < 8:
            found = ask(line, of, group_id="shop", topics=None, require_stable=False)
        else:
            group = of.OffsetFetchRequestGroup(group_id="shop", topics=None)
            found = ask(line, of, groups=(group,), require_stable=False).groups[0]
        offsets = {
            each.partition_index: each.committed_offset for each in found.topics[0].partitions
        }
        assert offsets == {0: 5, 2: 7}


def test_a_commit_that_is_too_long_does_not_keep_others_from_it(line: socket.socket) -> None:
    of = Of("offset_commit", 9)
    metadata = {0: "x" * 5000}
    assert commit(line, of, {0: 1, 1: 1}, metadata=metadata) == [
        "offset_metadata_too_large",
        "none",
    ]
    assert commit(line, of, {0: 1}, topic="nothing") == ["unknown_topic_or_partition"]


def test_only_members_commit_for_a_group_that_has_some(line: socket.socket) -> None:
    member, of = Member(line), Of("offset_commit", 9)
    member.joins()
    member.syncs({})
    assert commit(line, of, {0: 1}) == ["unknown_member_id"]
    mine = {"member_id": member.member_id, "generation_id_or_member_epoch": 1}
    assert commit(line, of, {0: 1}, **mine) == ["none"]
    mine["generation_id_or_member_epoch"] = 0
    assert commit(line, of, {0: 1}, **mine) == ["illegal_generation"]


@pytest.mark.parametrize("version", range(6))
def test_groups_are_listed_in_every_version(line: socket.socket, version: int) -> None:
    Member(line).joins()
    commit(line, Of("offset_commit", 9), {0: 1}, group_id="tool")
    of = Of("list_groups", version)
    found = ask(line, of, states_filter=(), types_filter=())
    assert {each.group_id: each.protocol_type for each in found.groups} == {
        "shop": "consumer",
        "tool": "",
    }
    if version >= 4:
        found = ask(line, of, states_filter=("empty",), types_filter=())
        assert [(each.group_id, each.group_state) for each in found.groups] == [("tool", "Empty")]
    if version >= 5:
        assert {each.group_type for each in found.groups} == {"classic"}
        assert ask(line, of, states_filter=(), types_filter=("Consumer",)).groups == ()


@pytest.mark.parametrize("version", range(7))
def test_groups_are_described_in_every_version(line: socket.socket, version: int) -> None:
    member, of = Member(line), Of("describe_groups", version)
    member.joins()
    given = {"groups": ("shop", "nothing"), "include_authorized_operations": False}
    gathering, nothing = ask(line, of, **given).groups
    assert (gathering.group_state, gathering.protocol_data) == ("CompletingRebalance", "")
    assert nothing.group_state == "Dead"
    assert code(nothing) == ("group_id_not_found" if version >= 6 else "none")
    member.syncs({member.member_id: b"part"})
    stable, _ = ask(line, of, **given).groups
    (only,) = stable.members
    assert (stable.group_state, stable.protocol_data) == ("Stable", "range")
    assert (only.client_id, only.client_host) == ("test", "/127.0.0.1")
    assert (only.member_metadata, only.member_assignment) == (b"wish", b"part")


@pytest.mark.parametrize("version", range(3))
def test_groups_without_members_are_deleted(line: socket.socket, version: int) -> None:
    Member(line).joins()
    commit(line, Of("offset_commit", 9), {0: 1}, group_id="tool")
    found = ask(line, Of("delete_groups", version), groups_names=("shop", "tool", "nothing"))
    assert [code(each) for each in found.results] == [
        "non_empty_group",
        "none",
        "group_id_not_found",
    ]


def test_offsets_are_deleted_that_nobody_reads(line: socket.socket) -> None:
    of = Of("offset_delete", 0)
    partition, topic = of.OffsetDeleteRequestPartition, of.OffsetDeleteRequestTopic

    def delete(name: str, group: str = "shop") -> Any:
        topics = (topic(name=name, partitions=(partition(partition_index=0),)),)
        return ask(line, of, group_id=group, topics=topics)

    assert code(delete("orders")) == "group_id_not_found"
    commit(line, Of("offset_commit", 9), {0: 5})
    assert code(delete("nothing").topics[0].partitions[0]) == "unknown_topic_or_partition"
    assert code(delete("orders").topics[0].partitions[0]) == "none"
    found = committed(line, Of("offset_fetch", 9), (0,))
    assert found.topics[0].partitions[0].committed_offset == -1


def beat(line: socket.socket, version: int = 1, **given: Any) -> Any:
    """A heartbeat of the newer protocol, of a member that comes if nothing else is said."""
    of = Of("consumer_group_heartbeat", version)
    fields = {
        "group_id": "shop",
        "member_id": "m1",
        "member_epoch": 0,
        "instance_id": None,
        "rack_id": None,
        "rebalance_timeout": timedelta(seconds=30),
        "subscribed_topic_names": ("orders",),
        "subscribed_topic_regex": None,
        "server_assignor": None,
        "topic_partitions": (),
    }
    return ask(line, of, **fields | given)


def parts(found: Any) -> dict[uuid.UUID, tuple[int, ...]]:
    return {each.topic_id: each.partitions for each in found.assignment.topic_partitions}


def test_a_member_of_the_newer_protocol_is_given_its_part(
    kafka: Running, line: socket.socket
) -> None:
    topic = kafka.ask(lambda server: server.cluster.topic_id("orders"))
    first = beat(line)
    assert (code(first), first.member_id, first.member_epoch) == ("none", "m1", 1)
    assert parts(first) == {topic: (0, 1, 2)}
    of = Of("consumer_group_heartbeat", 1)
    mine = (of.TopicPartitions(topic_id=topic, partitions=(0, 1, 2)),)
    second = beat(line, member_id="m2")
    assert parts(second) == {}, "what is to be its own is another's still"
    first = beat(line, member_epoch=1, topic_partitions=mine)
    kept = parts(first)[topic]
    assert len(kept) == 2
    left = (of.TopicPartitions(topic_id=topic, partitions=kept),)
    first = beat(line, member_epoch=1, topic_partitions=left)
    assert first.member_epoch == 2
    second = beat(line, member_id="m2", member_epoch=second.member_epoch)
    assert sorted([*parts(second)[topic], *kept]) == [0, 1, 2]
    stale = beat(line, member_epoch=0, topic_partitions=mine)
    assert code(stale) == "invalid_request"
    assert code(beat(line, member_epoch=9)) == "fenced_member_epoch"
    assert beat(line, member_epoch=-1).member_epoch == -1
    assert code(beat(line, member_epoch=2)) == "unknown_member_id"


def test_a_member_id_is_made_by_the_broker_in_version_0_only(line: socket.socket) -> None:
    assert beat(line, 0, member_id="").member_id
    assert code(beat(line, 1, member_id="")) == "invalid_request"


def test_a_pattern_is_refused_in_words(line: socket.socket) -> None:
    found = beat(line, subscribed_topic_names=None, subscribed_topic_regex="or.*")
    assert code(found) == "unsupported_version"
    assert "by name" in found.error_message


def test_a_topic_that_is_gone_is_nobodys(kafka: Running, line: socket.socket) -> None:
    topic = kafka.ask(lambda server: server.cluster.topic_id("orders"))
    beat(line)
    kafka.ask(lambda server: server.cluster.delete_topic("orders"))
    of = Of("consumer_group_heartbeat", 1)
    mine = (of.TopicPartitions(topic_id=topic, partitions=(0, 1, 2)),)
    found = beat(line, member_epoch=1, topic_partitions=mine)
    assert (code(found), parts(found)) == ("none", {})


def test_who_is_behind_is_not_told_what_was_committed(line: socket.socket) -> None:
    beat(line)
    of = Of("offset_commit", 9)
    mine = {"member_id": "m1", "generation_id_or_member_epoch": 1}
    assert commit(line, of, {0: 4}, **mine) == ["none"]
    mine["generation_id_or_member_epoch"] = 0
    assert commit(line, of, {0: 4}, **mine) == ["stale_member_epoch"]
    assert commit(line, Of("offset_commit", 8), {0: 4}, **mine) == ["unsupported_version"]
    of = Of("offset_fetch", 9)
    assert code(committed(line, of, (0,), member_id="m1", member_epoch=1)) == "none"
    assert code(committed(line, of, (0,), member_id="m1", member_epoch=2)) == "stale_member_epoch"
    assert code(committed(line, of, (0,), member_id="m9", member_epoch=1)) == "unknown_member_id"
    assert code(committed(line, of, (0,))) == "none", "an operator names no member"


@pytest.mark.parametrize("version", range(2))
def test_groups_of_the_newer_protocol_are_described(
    kafka: Running, line: socket.socket, version: int
) -> None:
    topic = kafka.ask(lambda server: server.cluster.topic_id("orders"))
    beat(line)
    Member(line, group="old").joins()
    of = Of("consumer_group_describe", version)
    given = {"group_ids": ("shop", "old"), "include_authorized_operations": False}
    group, old = ask(line, of, **given).groups
    assert (group.group_state, group.group_epoch, group.assignor_name) == ("Stable", 1, "uniform")
    (member,) = group.members
    assert (member.member_id, member.member_epoch, member.client_host) == ("m1", 1, "/127.0.0.1")
    assert member.subscribed_topic_names == ("orders",)
    assert parts(member) == {topic: (0, 1, 2)}
    assert code(old) == "group_id_not_found"
    found = ask(
        line, Of("describe_groups", 6), groups=("shop",), include_authorized_operations=False
    )
    assert code(found.groups[0]) == "group_id_not_found"
    assert "ConsumerGroupDescribe" in found.groups[0].error_message


def test_a_group_whose_topic_was_deleted_is_described(kafka: Running, line: socket.socket) -> None:
    beat(line)
    kafka.ask(lambda server: server.cluster.delete_topic("orders"))
    of = Of("consumer_group_describe", 1)
    (group,) = ask(line, of, group_ids=("shop",), include_authorized_operations=False).groups
    assert code(group) == "none"
    (member,) = group.members
    assert parts(member) == {}


def test_only_the_coordinator_answers(three_brokers: Running) -> None:
    addresses = three_brokers.bootstrap_servers.split(",")
    coordinator = three_brokers.ask(lambda server: server.coordinator("shop"))
    for number, address in enumerate(addresses, 1):
        with raw.connected(address) as line:
            expected = "none" if number == coordinator else "not_coordinator"
            member = Member(line, version=3)
            found = member.joins()
            assert code(found) == expected
            if number == coordinator:
                continue
            assert member.beats() == "not_coordinator"
            assert code(member.syncs({})) == "not_coordinator"
            assert code(committed(line, Of("offset_fetch", 9), (0,))) == "not_coordinator"
            assert code(beat(line)) == "not_coordinator"
            found = ask(line, Of("leave_group", 5), group_id="shop", members=())
            assert code(found) == "not_coordinator"
            found = ask(line, Of("list_groups", 5), states_filter=(), types_filter=())
            assert found.groups == ()


def test_a_fault_is_answered_by_every_request(kafka: Running, line: socket.socket) -> None:
    def fails(name: str) -> None:
        kafka.fail(name, error="COORDINATOR_LOAD_IN_PROGRESS")

    loading = "coordinator_load_in_progress"
    member = Member(line)
    member.joins()
    for name in ("join_group", "sync_group", "heartbeat", "list_groups", "describe_groups"):
        fails(name)
    member.asks_to_join()
    assert code(member.joined()) == loading
    assert code(member.syncs({})) == loading
    assert member.beats() == loading
    of = Of("list_groups", 5)
    assert code(ask(line, of, states_filter=(), types_filter=())) == loading
    of = Of("describe_groups", 6)
    found = ask(line, of, groups=("shop",), include_authorized_operations=False)
    assert code(found.groups[0]) == loading
    fails("offset_commit")
    assert commit(line, Of("offset_commit", 9), {0: 1}) == [loading]
    for of in versions("offset_fetch", 1, 9):
        fails("offset_fetch")
        found = committed(line, of, (0,))
        assert code(found.topics[0].partitions[0] if of.version < 2 else found) == loading
    fails("consumer_group_heartbeat")
    assert code(beat(line)) == loading
    fails("leave_group")
    of = Of("leave_group", 5)
    members = (of.MemberIdentity(member_id="m", group_instance_id=None, reason=None),)
    send(line, of, group_id="shop", members=members)
    assert code(answered(line, of).members[0]) == loading
