"""One broker: topics, producing, reading."""

from dataclasses import replace

import pytest

from minibroker.log.errors import Code
from minibroker.log.groups import Beat
from minibroker.log.partition import Produced
from minibroker.log.records import Record, batch
from minibroker.sim.trace import Appended, AppendIgnored, Fenced
from tests.minibroker.log.brokers import TOPIC, Brokers, Producer, refusal


@pytest.mark.parametrize("acks", [1, -1])
def test_a_record_is_appended_and_may_be_read_at_once(acks):
    brokers = Brokers()
    assert brokers.send(b"one", acks=acks).get() == Produced(0, -1, 0)
    assert brokers.send(b"two", b"three", acks=acks).get() == Produced(1, -1, 0)
    assert brokers.read() == [b"one", b"two", b"three"]
    assert brokers.pending == [], "one broker needs no timers"


def test_the_trace_tells_of_each_record_and_its_number_is_found_by_its_offset():
    brokers = Brokers()
    brokers.send(b"one", b"two")
    told = [(e.who, e.topic, e.partition, e.offset, e.value) for e in brokers.of(Appended)]
    assert told == [("producer", TOPIC, 0, 0, b"one"), ("producer", TOPIC, 0, 1, b"two")]
    for event in brokers.of(Appended):
        assert brokers.cluster.message_at(TOPIC, 0, event.offset) == event.message
    assert brokers.cluster.message_at(TOPIC, 0, 2) == 0


def test_who_asks_for_no_acknowledgement_learns_nothing_even_of_a_refusal():
    brokers = Brokers()
    assert brokers.send(b"one", acks=0).get() == Produced(-1, -1, -1)
    assert brokers.send(b"two", acks=0, partition=7).get() == Produced(-1, -1, -1)
    assert brokers.read() == [b"one"]


def test_the_broker_says_when_it_stamped_the_records_if_it_does():
    brokers = Brokers(message_timestamp_type="LogAppendTime")
    brokers.passes(1)
    assert brokers.send(b"one").get().timestamp_ms == 1_767_603_601_000


def test_a_batch_that_comes_again_is_answered_as_before_and_not_appended():
    brokers = Brokers()
    header = {"producer_id": 9, "producer_epoch": 0, "base_sequence": 0}
    first = brokers.send(b"one", **header)
    assert brokers.send(b"one", **header).get() == first.get()
    assert brokers.read() == [b"one"]
    assert [event.offset for event in brokers.of(AppendIgnored)] == [0]


def test_a_producer_of_an_older_epoch_is_fenced_and_the_trace_tells():
    brokers = Brokers()
    brokers.send(b"new", producer_id=9, producer_epoch=1, base_sequence=0)
    zombie = lambda: brokers.send(b"old", producer_id=9, producer_epoch=0, base_sequence=0)  # noqa: E731
    assert refusal(zombie) is Code.INVALID_PRODUCER_EPOCH
    assert brokers.read() == [b"new"]
    assert [(e.what, e.error) for e in brokers.of(Fenced)] == [
        ("produce", "INVALID_PRODUCER_EPOCH")
    ]


def test_reading_goes_on_from_the_offset_that_it_was_given():
    brokers = Brokers()
    brokers.send(b"one", b"two")
    brokers.send(b"three")
    offset, seen = 0, []
    while True:
        found, offset = brokers.cluster.records(TOPIC, 0, offset, read_committed=True)
        if not found:
            break
        seen += found
    assert [(at, record.value) for at, record in seen] == [(0, b"one"), (1, b"two"), (2, b"three")]
    assert offset == 3


def test_offsets_outside_the_log_are_refused():
    brokers = Brokers()
    brokers.send(b"one")
    for offset in (-1, 2):
        ask = lambda at=offset: brokers.cluster.fetch(TOPIC, 0, at)  # noqa: E731
        assert refusal(ask) is Code.OFFSET_OUT_OF_RANGE
    assert brokers.cluster.fetch(TOPIC, 0, 1).batches == []


def test_offsets_are_found_by_time_and_by_name():
    brokers = Brokers()
    brokers.send(b"one")
    brokers.passes(10)
    brokers.send(b"two")
    cluster = brokers.cluster
    assert cluster.offset_for(TOPIC, 0, 1_767_603_605_000) == (1, 1_767_603_610_000)
    assert cluster.offset_for(TOPIC, 0, 1_767_603_611_000) == (-1, -1)
    assert cluster.offset_for(TOPIC, 0, -2) == (0, -1)
    assert cluster.offset_for(TOPIC, 0, -1) == (2, -1)


def test_deleted_records_are_out_of_reach():
    brokers = Brokers()
    brokers.send(b"one", b"two")
    assert brokers.cluster.delete_records(TOPIC, 0, 1) == 1
    assert brokers.read() == [b"two"]
    assert refusal(lambda: brokers.read(offset=0)) is Code.OFFSET_OUT_OF_RANGE


def test_old_segments_are_gone_when_somebody_looks_after_five_minutes():
    brokers = Brokers(retention_ms=60_000)
    brokers.send(b"one")
    brokers.passes(299)
    assert brokers.read() == [b"one"]
    brokers.passes(1)
    assert brokers.read() == []
    assert brokers.cluster.offset_for(TOPIC, 0, -2) == (1, -1)


def test_whoever_listens_hears_of_what_is_new():
    brokers = Brokers()
    heard = []
    brokers.cluster.on_change(lambda: heard.append(brokers.read()))
    brokers.send(b"one")
    assert heard == [[b"one"]]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", Code.INVALID_TOPIC_EXCEPTION),
        ("..", Code.INVALID_TOPIC_EXCEPTION),
        ("two words", Code.INVALID_TOPIC_EXCEPTION),
        ("x" * 250, Code.INVALID_TOPIC_EXCEPTION),
        ("new_orders", Code.INVALID_TOPIC_EXCEPTION),  # for there is new.orders
        ("orders", Code.TOPIC_ALREADY_EXISTS),
    ],
)
def test_a_topic_needs_a_name_of_its_own(name, code):
    brokers = Brokers()
    brokers.cluster.create_topic("new.orders")
    assert refusal(lambda: brokers.cluster.create_topic(name)) is code


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ((0, 1), Code.INVALID_PARTITIONS),
        ((1, 0), Code.INVALID_REPLICATION_FACTOR),
        ((1, 4), Code.INVALID_REPLICATION_FACTOR),
        ((1, 1, {"retention.ms": "long"}), Code.INVALID_CONFIG),
    ],
)
def test_a_topic_that_cannot_be_is_not_made(size, code):
    brokers = Brokers(3)
    assert refusal(lambda: brokers.cluster.create_topic("bills", *size)) is code
    assert brokers.cluster.topics() == [TOPIC]


def test_a_topic_may_have_more_partitions_but_not_fewer():
    brokers = Brokers(partitions=2)
    brokers.cluster.add_partitions(TOPIC, 3)
    assert brokers.cluster.partitions(TOPIC) == 3
    assert refusal(lambda: brokers.cluster.add_partitions(TOPIC, 3)) is Code.INVALID_PARTITIONS


def test_what_is_only_validated_changes_nothing():
    brokers = Brokers(2, partitions=2)
    cluster = brokers.cluster
    cluster.add_partitions(TOPIC, 3, validate_only=True)
    cluster.alter_config(TOPIC, {"retention.ms": "1"}, validate_only=True)
    assert (cluster.partitions(TOPIC), cluster.given_config(TOPIC)) == (2, {})
    cluster.stop(2)
    fails = lambda: cluster.add_partitions(TOPIC, 3, validate_only=True)  # noqa: E731
    assert refusal(fails) is Code.INVALID_REPLICATION_FACTOR
    fails = lambda: cluster.alter_config(TOPIC, {"a": "1"}, validate_only=True)  # noqa: E731
    assert refusal(fails) is Code.INVALID_CONFIG


def test_records_of_a_topic_that_is_compacted_alone_are_not_deleted_by_offset():
    brokers = Brokers()
    brokers.send(b"one")
    brokers.cluster.alter_config(TOPIC, {"cleanup.policy": "compact"})
    fails = lambda: brokers.cluster.delete_records(TOPIC, 0, 1)  # noqa: E731
    assert refusal(fails) is Code.POLICY_VIOLATION
    brokers.cluster.alter_config(TOPIC, {"cleanup.policy": "compact,delete"})
    assert brokers.cluster.delete_records(TOPIC, 0, 1) == 1


def test_a_deleted_topic_is_unknown():
    brokers = Brokers()
    brokers.cluster.delete_topic(TOPIC)
    for ask in (
        lambda: brokers.send(b"one"),
        lambda: brokers.cluster.fetch(TOPIC, 0, 0),
        lambda: brokers.cluster.partitions(TOPIC),
        lambda: brokers.cluster.delete_topic(TOPIC),
    ):
        assert refusal(ask) is Code.UNKNOWN_TOPIC_OR_PARTITION


def test_a_configuration_is_changed_and_unset_again():
    brokers = Brokers(max_message_bytes=100)
    long = b"x" * 200
    assert refusal(lambda: brokers.send(long)) is Code.MESSAGE_TOO_LARGE
    brokers.cluster.alter_config(TOPIC, {"max.message.bytes": None, "retention.ms": "5"})
    assert refusal(lambda: brokers.send(long)) is None
    assert brokers.cluster.config(TOPIC)["retention.ms"] == "5"


def test_a_client_is_told_when_it_knows_another_leader_epoch():
    brokers = Brokers(2)
    brokers.cluster.stop(1)
    ask = lambda epoch: refusal(lambda: brokers.cluster.fetch(TOPIC, 0, 0, current_epoch=epoch))  # noqa: E731
    assert [ask(0), ask(1), ask(2)] == [Code.FENCED_LEADER_EPOCH, None, Code.UNKNOWN_LEADER_EPOCH]


def test_a_compacted_topic_keeps_the_last_of_each_key_when_somebody_looks_after_the_backoff():
    brokers = Brokers(cleanup_policy="compact", internal_segment_bytes=1)
    stamp = 1_767_603_600_000
    for value in (b"1", b"2", b"3"):
        sent = batch([Record(0, b"key", value, stamp)])
        brokers.cluster.produce("producer", TOPIC, 0, sent, -1)
    assert brokers.read() == [b"1", b"2", b"3"]
    brokers.passes(15)
    assert brokers.read() == [b"2", b"3"], "the active segment is left alone"


def test_a_client_may_ask_where_a_leader_epoch_ended():
    brokers = Brokers(2)
    brokers.send(b"one")
    brokers.passes(1)
    brokers.cluster.stop(1)
    brokers.send(b"two")
    ends = [brokers.cluster.epoch_end(TOPIC, 0, epoch) for epoch in (0, 1, 2)]
    assert ends == [(0, 1), (1, 2), (-1, -1)]


def test_who_is_answered_may_ask_for_more_at_once():
    brokers = Brokers(3)
    answers = []

    def again():
        if len(answers) < 4:
            answers.append(brokers.send(b"%d" % len(answers)))
            answers[-1].then(again)

    again()
    brokers.passes(0.0015)
    brokers.cluster.stop(1)  # which answers the last one: it tries the next leader
    brokers.passes(1)
    assert [refusal(lambda a=answer: a) for answer in answers] == [
        None,
        Code.NOT_LEADER_OR_FOLLOWER,
        None,
        None,
    ]
    assert brokers.read() == [b"0", b"1", b"2", b"3"]


def test_a_stopped_broker_answers_nothing_and_goes_on_where_it_was():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    brokers.cluster.stop(1)
    assert refusal(brokers.read) is Code.LEADER_NOT_AVAILABLE
    assert refusal(lambda: brokers.send(b"two")) is Code.LEADER_NOT_AVAILABLE
    for ask in (producer.ends, lambda: producer.adds(0), lambda: Producer(brokers)):
        assert refusal(ask) is Code.COORDINATOR_NOT_AVAILABLE
    brokers.cluster.start(1)
    producer.ends()
    assert brokers.read(read_committed=True) == [b"one"]


def test_a_group_of_the_consumer_protocol_gets_the_partitions_that_come():
    cluster = Brokers().cluster
    cluster.create_topic("parcels", 2)
    beat = Beat("one#1", "m-1", 0, None, ["parcels"], [], 20_000_000)
    first = cluster.groups.consumer_heartbeat("g", beat)
    assert sorted(first.assignment) == [("parcels", 0), ("parcels", 1)]
    cluster.add_partitions("parcels", 3)
    again = replace(beat, epoch=first.epoch, owned=first.assignment)
    assert len(cluster.groups.consumer_heartbeat("g", again).assignment) == 3
