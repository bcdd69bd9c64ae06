"""The requests of transactions in all their versions, and what is refused how."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from minibroker.log.batch import Batch
from minibroker.wire.kafka import batches
from minibroker.wire.kafka.running import Running
from tests.wire.kafka import raw
from tests.wire.kafka.coordinating import Of, ask
from tests.wire.kafka.waiting import soon

TRANSACTION = "till-1"


@pytest.fixture
def line(kafka: Running) -> Iterator[socket.socket]:
    """A connection to a broker that has the topic `orders` of two partitions."""
    kafka.ask(lambda server: server.cluster.create_topic("orders", 2))
    with raw.connected(kafka.bootstrap_servers) as connection:
        yield connection


def code(found: Any) -> str:
    return str(found.error_code.name)


def begun(line: socket.socket, producer_id: int = -1, epoch: int = -1) -> tuple[int, int]:
    """The id and epoch of a producer that is new, or comes back."""
    found = ask(
        line,
        Of("init_producer_id", 5),
        transactional_id=TRANSACTION,
        transaction_timeout=timedelta(seconds=30),
        producer_id=producer_id,
        producer_epoch=epoch,
    )
    assert code(found) == "none"
    return found.producer_id, found.producer_epoch


def produce(
    line: socket.socket,
    producer: tuple[int, int],
    sequence: int,
    version: int = 12,
    number: int = 0,
) -> str:
    """Send a batch of one record; what became of it."""
    of = Of("produce", version)
    partition, topic = of.PartitionProduceData, of.TopicProduceData
    records = batches.written(
        Batch(
            payload=b"",
            records=1,
            size=0,
            first_timestamp=0,
            max_timestamp=0,
            producer_id=producer[0],
            producer_epoch=producer[1],
            control="commit",
        )
    )
    data = bytearray(records)
    header = data[16:]
    header[5:7] = b"\x00\x10"  # transactional, and no control batch
    header[37:41] = sequence.to_bytes(4, "big")
    sealed = batches._sealed(bytes(header[5:]))
    found = ask(
        line,
        of,
        transactional_id=TRANSACTION,
        acks=-1,
        timeout=timedelta(seconds=5),
        topic_data=(
            topic(
                name="orders",
                partition_data=(partition(index=number, records=bytes(data[:16]) + sealed),),
            ),
        ),
    )
    return code(found.responses[0].partition_responses[0])


def add(
    line: socket.socket,
    producer: tuple[int, int],
    version: int = 3,
    numbers: tuple[int, ...] = (0,),
) -> list[str]:
    """Add partitions; what became of each."""
    of = Of("add_partitions_to_txn", version)
    topic = of.AddPartitionsToTxnTopic(name="orders", partitions=numbers)
    found = ask(
        line,
        of,
        v3_and_below_transactional_id=TRANSACTION,
        v3_and_below_producer_id=producer[0],
        v3_and_below_producer_epoch=producer[1],
        v3_and_below_topics=(topic,),
    )
    (only,) = found.results_by_topic_v3_and_below
    return [each.partition_error_code.name for each in only.results_by_partition]


def add_offsets(line: socket.socket, producer: tuple[int, int], version: int = 4) -> str:
    return code(
        ask(
            line,
            Of("add_offsets_to_txn", version),
            transactional_id=TRANSACTION,
            producer_id=producer[0],
            producer_epoch=producer[1],
            group_id="shop",
        )
    )


def commit_offset(
    line: socket.socket, producer: tuple[int, int], offset: int, version: int = 4, **given: Any
) -> str:
    of = Of("txn_offset_commit", version)
    partition = of.TxnOffsetCommitRequestPartition(
        partition_index=0,
        committed_offset=offset,
        committed_leader_epoch=-1,
        committed_metadata=None,
    )
    topic = of.TxnOffsetCommitRequestTopic(name="orders", partitions=(partition,))
    found = ask(
        line,
        of,
        transactional_id=TRANSACTION,
        group_id="shop",
        producer_id=producer[0],
        producer_epoch=producer[1],
        topics=(topic,),
        **given,
    )
    return code(found.topics[0].partitions[0])


def end(
    line: socket.socket, producer: tuple[int, int], version: int, *, commit: bool = True
) -> Any:
    return ask(
        line,
        Of("end_txn", version),
        transactional_id=TRANSACTION,
        producer_id=producer[0],
        producer_epoch=producer[1],
        committed=commit,
    )


def committed(line: socket.socket, version: int = 9, *, stable: bool = False) -> tuple[str, int]:
    """What the group `shop` has committed of partition 0."""
    of = Of("offset_fetch", version)
    topic = of.OffsetFetchRequestTopics(name="orders", partition_indexes=(0,))
    group = of.OffsetFetchRequestGroup(group_id="shop", topics=(topic,))
    found = ask(line, of, groups=(group,), require_stable=stable).groups[0]
    (only,) = found.topics[0].partitions
    return code(only), only.committed_offset


def stable_end(kafka: Running, number: int = 0) -> int:
    """Where a consumer that reads committed is stopped."""
    return kafka.ask(
        lambda server: server.cluster.offset_for("orders", number, -1, read_committed=True)[0]
    )


@pytest.mark.parametrize("version", range(4))
def test_partitions_are_added_in_every_version(
    kafka: Running, line: socket.socket, version: int
) -> None:
    producer = begun(line)
    assert produce(line, producer, 0, version=10) == "invalid_txn_state"
    assert produce(line, producer, 0, version=11) == "transaction_abortable"
    assert add(line, producer, version) == ["none"]
    assert produce(line, producer, 0, version=11) == "none"
    assert stable_end(kafka) == 0
    assert code(end(line, producer, min(version, 4))) == "none"
    assert stable_end(kafka) == 2, "the record and what marks the commit"


def test_all_partitions_are_added_or_none(kafka: Running, line: socket.socket) -> None:
    producer = begun(line)
    assert add(line, producer, numbers=(0, 7)) == [
        "operation_not_attempted",
        "unknown_topic_or_partition",
    ]
    state = kafka.ask(lambda server: server.cluster.transactions.describe(TRANSACTION).state)
    assert state == "Empty"


def test_who_is_fenced_is_told_so_in_words_it_knows(line: socket.socket) -> None:
    producer = begun(line)
    begun(line)
    for version in range(4):
        told = "producer_fenced" if version >= 2 else "invalid_producer_epoch"
        assert add(line, producer, version) == [told]
        assert add_offsets(line, producer, version) == told
        assert code(end(line, producer, version)) == told
    assert add(line, (99, 0)) == ["invalid_producer_id_mapping"]
    assert produce(line, producer, 0, version=12) == "invalid_producer_epoch"
    assert commit_offset(line, producer, 1) == "invalid_producer_epoch"


@pytest.mark.parametrize("version", range(5))
def test_offsets_count_when_the_transaction_commits(line: socket.socket, version: int) -> None:
    producer = begun(line)
    refused = commit_offset(line, producer, 5, version)
    assert refused == ("transaction_abortable" if version >= 4 else "invalid_txn_state")
    assert add_offsets(line, producer, version) == "none"
    assert commit_offset(line, producer, 5, version) == "none"
    assert committed(line) == ("none", -1)
    assert committed(line, stable=True) == ("unstable_offset_commit", -1)
    end(line, producer, 4)
    assert committed(line, stable=True) == ("none", 5)


def test_offsets_of_an_aborted_transaction_never_count(line: socket.socket) -> None:
    producer = begun(line)
    add_offsets(line, producer)
    commit_offset(line, producer, 5)
    end(line, producer, 4, commit=False)
    assert committed(line, stable=True) == ("none", -1)


def test_a_zombie_of_the_group_commits_nothing(line: socket.socket) -> None:
    producer = begun(line)
    add_offsets(line, producer)
    zombie: dict[str, Any] = {"generation_id": 3, "member_id": "gone", "group_instance_id": None}
    assert commit_offset(line, producer, 5, **zombie) == "illegal_generation"


def test_what_is_written_to_is_added_by_clients_of_version_2(
    kafka: Running, line: socket.socket
) -> None:
    producer = begun(line)
    assert produce(line, producer, 0, version=12) == "none"
    assert commit_offset(line, producer, 5, version=5) == "none"
    assert stable_end(kafka) == 0
    found = end(line, producer, 5)
    assert (code(found), found.producer_id, found.producer_epoch) == ("none", producer[0], 1)
    assert stable_end(kafka) == 2
    assert committed(line, stable=True) == ("none", 5)


def test_a_batch_that_is_late_does_not_slip_into_the_next_transaction(
    kafka: Running, line: socket.socket
) -> None:
    producer = begun(line)
    assert produce(line, producer, 0) == "none"
    found = end(line, producer, 5, commit=False)
    assert produce(line, producer, 1) == "invalid_producer_epoch"
    state = kafka.ask(lambda server: server.cluster.transactions.describe(TRANSACTION).state)
    assert state == "CompleteAbort", "nothing was begun for it"
    assert produce(line, (found.producer_id, found.producer_epoch), 0) == "none"


def test_asking_for_the_same_end_again_is_no_error(line: socket.socket) -> None:
    producer = begun(line)
    produce(line, producer, 0)
    first = end(line, producer, 5)
    again = end(line, producer, 5)
    assert (code(again), again.producer_epoch) == ("none", first.producer_epoch)
    assert code(end(line, producer, 5, commit=False)) == "producer_fenced"


def test_there_is_nothing_to_end(line: socket.socket) -> None:
    producer = begun(line)
    for version in range(5):
        assert code(end(line, producer, version)) == "invalid_txn_state"


def test_a_transaction_that_is_too_long_is_aborted(kafka: Running, line: socket.socket) -> None:
    found = ask(
        line,
        Of("init_producer_id", 5),
        transactional_id=TRANSACTION,
        transaction_timeout=timedelta(milliseconds=100),
        producer_id=-1,
        producer_epoch=-1,
    )
    producer = found.producer_id, found.producer_epoch
    assert produce(line, producer, 0) == "none"
    soon(lambda: stable_end(kafka) == 2)
    assert code(end(line, producer, 5)) == "producer_fenced"


def test_while_an_end_is_being_written_another_transaction_waits(three_brokers: Running) -> None:
    three_brokers.ask(
        lambda server: server.cluster.create_topic("orders", 1, 3, {"min.insync.replicas": "2"})
    )

    def address(number: int) -> str:
        return three_brokers.bootstrap_servers.split(",")[number - 1]

    def coordinator() -> int:
        return three_brokers.ask(lambda server: server.coordinator(TRANSACTION))

    def leader() -> int:
        return three_brokers.ask(lambda server: server.cluster.leader("orders", 0))

    with raw.connected(address(coordinator())) as line:
        producer = begun(line)
    with raw.connected(address(leader())) as line:
        assert produce(line, producer, 0) == "none"
    for number in [each for each in (1, 2, 3) if each != leader()]:
        three_brokers.stop_broker(number)
    with raw.connected(address(leader())) as line:  # which coordinates all that there is now
        found = end(line, producer, 5)
        assert code(found) == "none", "it is decided"
        after = found.producer_id, found.producer_epoch
        assert commit_offset(line, after, 1, version=5) == "concurrent_transactions"
        assert add(line, after) == ["concurrent_transactions"]
        for number in (1, 2, 3):
            three_brokers.start_broker(number)
        soon(lambda: stable_end(three_brokers) == 2)
    with raw.connected(address(leader())) as line:
        assert produce(line, after, 0) == "none"


@pytest.mark.parametrize("version", range(2))
def test_transactions_are_listed_in_every_version(line: socket.socket, version: int) -> None:
    producer = begun(line)
    produce(line, producer, 0)
    of = Of("list_transactions", version)

    def found(**given: Any) -> Any:
        filters = {"state_filters": (), "producer_id_filters": (), "duration_filter": -1}
        return ask(
            line, of, **{k: v for k, v in (filters | given).items() if version or k[0] != "d"}
        )

    (only,) = found().transaction_states
    assert (only.transactional_id, only.producer_id) == (TRANSACTION, producer[0])
    assert only.transaction_state == "Ongoing"
    assert found(state_filters=("Empty",)).transaction_states == ()
    assert found(producer_id_filters=(99,)).transaction_states == ()
    assert found(state_filters=("Odd",)).unknown_state_filters == ("Odd",)
    if version:
        assert found(duration_filter=60_000).transaction_states == ()
        assert found(duration_filter=0).transaction_states != ()


def test_a_transaction_is_described(line: socket.socket) -> None:
    producer = begun(line)
    of = Of("describe_transactions", 0)
    given = {"transactional_ids": (TRANSACTION, "nobody")}
    produce(line, producer, 0)
    produce(line, producer, 0, number=1)
    ongoing, nobody = ask(line, of, **given).transaction_states
    assert code(nobody) == "transactional_id_not_found"
    assert ongoing.transaction_state == "Ongoing"
    assert ongoing.transaction_timeout == timedelta(seconds=30)
    assert (ongoing.producer_id, ongoing.producer_epoch) == producer
    assert [(each.topic, each.partitions) for each in ongoing.topics] == [("orders", (0, 1))]


def test_a_partitions_producers_are_described(line: socket.socket) -> None:
    producer = begun(line)
    produce(line, producer, 0)
    end(line, producer, 4)
    add(line, producer)
    produce(line, producer, 1, version=11)
    of = Of("describe_producers", 0)
    topic = of.TopicRequest(name="orders", partition_indexes=(0, 7))
    first, missing = ask(line, of, topics=(topic,)).topics[0].partitions
    (only,) = first.active_producers
    assert (only.producer_id, only.producer_epoch) == producer
    assert (only.last_sequence, only.current_txn_start_offset) == (1, 2)
    assert code(missing) == "unknown_topic_or_partition"


def test_a_fault_is_answered_by_every_request(kafka: Running, line: socket.socket) -> None:
    producer = begun(line)
    loading = "coordinator_load_in_progress"
    of = Of("list_transactions", 1)
    for name in (
        "add_partitions_to_txn",
        "add_offsets_to_txn",
        "txn_offset_commit",
        "end_txn",
        "list_transactions",
        "describe_transactions",
    ):
        kafka.fail(name, error="COORDINATOR_LOAD_IN_PROGRESS")
    assert add(line, producer) == [loading]
    assert add_offsets(line, producer) == loading
    assert commit_offset(line, producer, 1) == loading
    assert code(end(line, producer, 5)) == loading
    found = ask(line, of, state_filters=(), producer_id_filters=(), duration_filter=-1)
    assert code(found) == loading
    found = ask(line, Of("describe_transactions", 0), transactional_ids=(TRANSACTION,))
    assert code(found.transaction_states[0]) == loading


def test_only_the_coordinator_answers(three_brokers: Running) -> None:
    coordinator = three_brokers.ask(lambda server: server.coordinator(TRANSACTION))
    address = next(
        address
        for number, address in enumerate(three_brokers.bootstrap_servers.split(","), 1)
        if number != coordinator
    )
    three_brokers.ask(lambda server: server.cluster.create_topic("orders"))
    with raw.connected(address) as line:
        assert add(line, (1, 0)) == ["not_coordinator"]
        assert add_offsets(line, (1, 0)) == "not_coordinator"
        assert code(end(line, (1, 0), 5)) == "not_coordinator"
