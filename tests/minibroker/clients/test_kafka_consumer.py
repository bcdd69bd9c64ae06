"""The `confluent_kafka`-shaped Consumer: every call of the subset, in a world of one cluster."""

import inspect
from typing import Any

import pytest
from confluent_kafka import Consumer as Real

from minibroker.clients.kafka_consumer import Consumer
from minibroker.sim.clock import seconds
from minibroker.sim.trace import Ended, OffsetsCommitted, Polled
from minibroker.sim.world import Member
from tests.minibroker.kafka import Scenario, Setting, consuming, holding, play, reads
from tests.minibroker.tiny import source_of

ABC = holding(orders=["a", "b", "c"])
FOUR = holding(partitions=2, orders=["a", "A", "b", "B"])


def from_start(body: str) -> str:
    """What reads the one partition of the topic from its start, and then does this."""
    return 'consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])\n' + source_of(body)


def says(
    body: str, scenario: Scenario = ABC, plan: str = "none", brokers: int = 1, **config: Any
) -> list[str]:
    """The lines that a worker with this body prints."""
    return reads(body, scenario, plan, brokers, **config).said.splitlines()


def raised(body: str, scenario: Scenario = ABC, **config: Any) -> tuple[str, str]:
    """The exception that such a worker ends by."""
    found = play(consuming(body, **config), scenario, restarts=0)
    assert found.exit.how == "raised", found.exit
    return found.exit.error, found.exit.message


def test_it_has_every_call_of_the_real_one_but_that_of_logging_in() -> None:
    real = {name for name in dir(Real) if not name.startswith("_")}
    ours = {name for name in dir(Consumer) if not name.startswith("_")}
    assert real - ours == {"set_sasl_credentials"}
    assert ours - real == set()


def test_the_docstring_names_every_call() -> None:
    text = inspect.getmodule(Consumer).__doc__
    for name in vars(Consumer):
        if not name.startswith("_"):
            assert f"`{name}`" in text


def test_a_call_that_is_not_simulated_says_so() -> None:
    error, text = raised('consumer.set_sasl_credentials("me", "secret")')
    assert error == "NotInSubset"
    assert "Consumer.set_sasl_credentials" in text


# --- reading ------------------------------------------------------------------------------------


def test_an_assigned_partition_is_read_record_by_record() -> None:
    assert says(
        from_start(
            """
        for _ in range(3):
            message = consumer.poll(1.0)
            print(message.topic(), message.partition(), message.offset(), message.value())
        print(consumer.poll(1.0))
        """
        )
    ) == ["orders 0 0 b'a'", "orders 0 1 b'b'", "orders 0 2 b'c'", "None"]


def test_a_record_comes_with_all_that_it_was_sent_with() -> None:
    from minibroker.log.records import Record, batch

    def keyed(stage: Setting) -> None:
        record = Record(0, b"order-1", b"42", 1_767_603_600_123, [["trace", b"7"], ["none", None]])
        stage.cluster.produce("scenario", "orders", 0, batch([record]), 1)

    assert says(
        from_start(
            """
        message = consumer.poll(1.0)
        print(message.key(), message.headers(), message.timestamp(), message.error())
        """
        ),
        holding(keyed, orders=[]),
    ) == ["b'order-1' [('trace', b'7'), ('none', None)] (1, 1767603600123) None"]


def test_a_poll_waits_for_a_record_and_no_longer() -> None:
    late = holding(lambda stage: stage.at(4, lambda: stage.append("orders", 0, "late")), orders=[])
    assert says(
        from_start(
            """
        print(consumer.poll(2), time.monotonic())
        print(consumer.poll(60).value(), time.monotonic())
        print(consumer.poll(0), time.monotonic())
        """
        ),
        late,
    ) == ["None 2.003", "b'late' 4.001", "None 4.002"]


def test_a_poll_without_a_limit_waits_until_it_is_interrupted() -> None:
    ran = reads(from_start("while True: consumer.poll()"), ABC)
    assert ran.exit.how == "interrupted"
    assert len(ran.trace.of(Polled)) == 3


def test_what_is_handed_out_stands_in_the_trace() -> None:
    ran = reads(from_start("consumer.poll(1.0)"), ABC)
    [polled] = ran.trace.of(Polled)
    assert (polled.who, polled.group) == ("worker#1", "billing")
    assert (polled.topic, polled.partition, polled.offset, polled.message) == ("orders", 0, 0, 1)


def test_consume_waits_for_so_many_records_or_for_its_limit() -> None:
    assert says(
        from_start(
            """
        print([message.value() for message in consumer.consume(2, 5)], time.monotonic())
        print([message.value() for message in consumer.consume(2, 5)], time.monotonic())
        print(consumer.consume(2, 5), time.monotonic())
        print(consumer.consume(0, 5))
        """
        )
    ) == ["[b'a', b'b'] 0.003", "[b'c'] 5.004", "[] 10.005", "[]"]


def test_three_that_consume_in_vain_come_to_rest() -> None:
    body = from_start("while True: consumer.consume(2, 5)")
    members = [Member(f"worker_{n}", starts=seconds(n)) for n in range(3)]
    ran = play("".join(consuming(body, each.name) for each in members), ABC, members=members)
    assert len(ran.trace.of(Polled)) == 9
    assert ran.trace.of(Ended)[0].why == "quiet"


def test_the_records_of_one_partition_come_before_those_of_the_next() -> None:
    assert says(
        """
        consumer.assign([TopicPartition("orders", n, OFFSET_BEGINNING) for n in (1, 0)])
        print([message.value() for message in consumer.consume(4, 1)])
        """,
        FOUR,
    ) == ["[b'a', b'b', b'A', b'B']"]


def test_the_end_of_a_partition_is_told_once_if_it_is_asked_for() -> None:
    assert says(
        from_start(
            """
        for _ in range(5):
            message = consumer.poll(1.0)
            print(message and (message.error() or message.value()))
        """
        ),
        enable_partition_eof=True,
    )[2:] == [
        "b'c'",
        'KafkaError{code=_PARTITION_EOF,val=-191,str="Fetch from broker 1 reached end of partition '
        'at offset 3 (HighwaterMark 3)"}',
        "None",
    ]


def test_the_end_is_not_told_again_while_nothing_comes() -> None:
    def elsewhere(stage: Setting) -> None:
        stage.at(5, lambda: stage.append("payments", 0, "other"))
        stage.at(6, lambda: stage.append("orders", 0, "more"))

    assert says(
        from_start(
            """
            for _ in range(4):
                message = consumer.poll(9.0)
                print(message.value() if message.error() is None else message.offset())
            """
        ),
        holding(elsewhere, orders=["a"], payments=[]),
        enable_partition_eof=True,
    ) == ["b'a'", "1", "b'more'", "2"]


# --- where it starts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "first"),
    [("OFFSET_BEGINNING", "b'a'"), ("OFFSET_END", "None"), ("1", "b'b'"), ("-2001", "b'c'")],
)
def test_it_starts_where_it_is_assigned(offset: str, first: str) -> None:
    assert says(
        f"""
        consumer.assign([TopicPartition("orders", 0, {offset})])
        message = consumer.poll(1.0)
        print(message and message.value())
        """
    ) == [first]


@pytest.mark.parametrize(("reset", "first"), [("earliest", "b'a'"), ("latest", "None")])
def test_without_a_committed_offset_it_starts_where_the_reset_says(reset: str, first: str) -> None:
    assert says(
        """
        consumer.assign([TopicPartition("orders", 0)])
        message = consumer.poll(1.0)
        print(message and message.value())
        """,
        auto_offset_reset=reset,
    ) == [first]


def test_without_a_committed_offset_it_may_get_an_error() -> None:
    assert says(
        """
        consumer.assign([TopicPartition("orders", 0)])
        print(consumer.poll(1.0).error())
        """,
        auto_offset_reset="error",
    ) == [
        'KafkaError{code=_AUTO_OFFSET_RESET,val=-140,str="no previously committed offset '
        'available: Local: No offset stored"}'
    ]


def test_an_offset_that_is_gone_is_reset() -> None:
    def cut(stage: Setting) -> None:
        stage.cluster.delete_records("orders", 0, 2)

    assert says(
        """
        consumer.assign([TopicPartition("orders", 0, 1)])
        print(consumer.poll(1.0).value())
        """,
        holding(cut, orders=["a", "b", "c"]),
    ) == ["b'c'"]


def test_a_committed_offset_is_where_the_next_one_starts() -> None:
    assert says(
        from_start(
            """
        consumer.poll(1.0)
        consumer.commit(consumer.poll(1.0), asynchronous=False)
        consumer.close()
        other = Consumer({"bootstrap.servers": kafka, "group.id": "billing"})
        other.assign([TopicPartition("orders", 0)])
        print(other.poll(1.0).value())
        """
        )
    ) == ["b'c'"]


# --- committing -----------------------------------------------------------------------------------


def test_a_commit_without_offsets_takes_those_that_are_stored() -> None:
    assert says(
        from_start(
            """
        consumer.poll(1.0)
        print(consumer.commit(asynchronous=False))
        print(consumer.committed([TopicPartition("orders", 0)]))
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as error:
            print(error)
        print(consumer.commit())
        """
        ),
        enable_auto_commit=False,
    ) == [
        "[TopicPartition{topic=orders,partition=0,offset=1,leader_epoch=None,error=None}]",
        "[TopicPartition{topic=orders,partition=0,offset=1,leader_epoch=None,error=None}]",
        'KafkaError{code=_NO_OFFSET,val=-168,str="Commit failed: Local: No offset stored"}',
        "None",
    ]


def test_offsets_and_a_message_can_be_committed() -> None:
    ran = reads(
        from_start(
            """
        consumer.commit(message=consumer.poll(1.0))
        consumer.commit(offsets=[TopicPartition("orders", 0, 3)])
        """
        ),
        ABC,
        enable_auto_commit=False,
    )
    assert [commit.offsets for commit in ran.trace.of(OffsetsCommitted)] == [
        [["orders", 0, 1]],
        [["orders", 0, 3]],
    ]


def test_a_partition_that_is_not_there_fails_the_commit() -> None:
    assert raised(
        'consumer.commit(offsets=[TopicPartition("orders", 7, 1)], asynchronous=False)'
    ) == (
        "KafkaException",
        'KafkaError{code=UNKNOWN_TOPIC_OR_PART,val=3,str="Commit failed: Broker: Unknown topic or '
        'partition"}',
    )


def test_what_became_of_an_asynchronous_commit_is_told_by_on_commit() -> None:
    assert says(
        """
        mine = Consumer({
            "bootstrap.servers": kafka, "group.id": "audit", "enable.auto.commit": False,
            "on_commit": lambda error, partitions: print(error, partitions[0].offset),
        })
        mine.commit(offsets=[TopicPartition("orders", 0, 2)])
        mine.commit(offsets=[TopicPartition("payments", 0, 2)])
        print("polls")
        mine.poll(0)
        mine.poll(0)
        """
    ) == [
        "polls",
        "None 2",
        'KafkaError{code=UNKNOWN_TOPIC_OR_PART,val=3,str="Broker: Unknown topic or partition"} 2',
    ]


def test_auto_commit_takes_what_was_handed_out_every_five_seconds() -> None:
    ran = reads(from_start("while consumer.poll(3.0): time.sleep(4)"), ABC)
    assert [
        (e.at // 1_000_000, e.offsets, e.by_itself) for e in ran.trace.of(OffsetsCommitted)
    ] == [
        (5, [["orders", 0, 2]], True),
        (10, [["orders", 0, 3]], True),
    ]


def test_with_the_offset_store_off_only_what_is_stored_is_committed() -> None:
    ran = reads(
        from_start(
            """
        first, second = consumer.poll(1.0), consumer.poll(1.0)
        consumer.store_offsets(first)
        time.sleep(6)
        consumer.store_offsets(offsets=[TopicPartition("orders", 0, 2)])
        time.sleep(6)
        """
        ),
        ABC,
        enable_auto_offset_store=False,
    )
    assert [e.offsets for e in ran.trace.of(OffsetsCommitted)] == [
        [["orders", 0, 1]],
        [["orders", 0, 2]],
    ]


def test_with_the_offset_store_off_nothing_is_stored_by_itself() -> None:
    error, text = raised(
        from_start("consumer.poll(1.0)\nconsumer.commit(asynchronous=False)"),
        enable_auto_offset_store=False,
    )
    assert error == "KafkaException"
    assert "_NO_OFFSET" in text


@pytest.mark.parametrize(
    ("call", "store", "text"),
    [
        ("message=message", True, "Local: Invalid argument or configuration"),
        ('offsets=[TopicPartition("orders", 9, 1)]', False, "Local: Erroneous state"),
    ],
)
def test_offsets_are_stored_only_where_they_may_be(call: str, store: bool, text: str) -> None:
    error, found = raised(
        from_start(f"message = consumer.poll(1.0)\nconsumer.store_offsets({call})"),
        enable_auto_offset_store=store,
    )
    assert error == "KafkaException"
    assert f"StoreOffsets failed: {text}" in found


# --- moving ---------------------------------------------------------------------------------------


def test_seeking_goes_on_elsewhere_and_forgets_the_position() -> None:
    assert says(
        from_start(
            """
        where = [TopicPartition("orders", 0)]
        print(consumer.poll(1.0).value(), consumer.position(where)[0].offset)
        consumer.seek(TopicPartition("orders", 0, 2))
        print(consumer.position(where)[0].offset)
        print(consumer.poll(1.0).value(), consumer.position(where)[0].offset)
        """
        )
    ) == ["b'a' 1", "-1001", "b'c' 3"]


@pytest.mark.parametrize(
    ("partition", "text"), [("0", "Local: Erroneous state"), ("7", "Local: Unknown partition")]
)
def test_only_an_assigned_partition_can_be_sought_in(partition: str, text: str) -> None:
    error, found = raised(
        from_start("consumer.unassign()")
        + f'consumer.seek(TopicPartition("orders", {partition}, 1))'
    )
    assert error == "KafkaException"
    assert f"Failed to seek to offset 1: {text}" in found


def test_a_paused_partition_is_silent_until_it_is_resumed() -> None:
    assert says(
        """
        consumer.assign([TopicPartition("orders", n, OFFSET_BEGINNING) for n in (0, 1)])
        print(consumer.poll(1.0).value())
        consumer.pause([TopicPartition("orders", 0)])
        print([consumer.poll(1.0).value(), consumer.poll(1.0).value(), consumer.poll(1.0)])
        consumer.resume([TopicPartition("orders", 0)])
        print(consumer.poll(1.0).value())
        """,
        FOUR,
    ) == ["b'a'", "[b'A', b'B', None]", "b'b'"]


def test_it_tells_the_first_and_the_last_offset_and_that_of_a_time() -> None:
    def later(stage: Setting) -> None:
        stage.at(5, lambda: stage.append("orders", 0, "later"))

    assert says(
        """
        one = TopicPartition("orders", 0)
        print(consumer.get_watermark_offsets(one))
        time.sleep(6)
        now = int(time.time() * 1000)
        for back in (10_000, 3_000, 0):
            print(consumer.offsets_for_times([TopicPartition("orders", 0, now - back)])[0].offset)
        print(consumer.get_watermark_offsets(one, cached=True))
        consumer.assign([TopicPartition("orders", 0, 0)])
        consumer.poll(1.0)
        print(consumer.get_watermark_offsets(one, cached=True))
        """,
        holding(later, orders=["a", "b"]),
    ) == ["(0, 2)", "0", "2", "-1", "(-1001, -1001)", "(0, 3)"]


def test_assigning_again_replaces_and_incrementally_adds_and_takes_away() -> None:
    assert says(
        """
        def show():
            print([(p.partition, p.offset) for p in consumer.assignment()])

        consumer.assign([TopicPartition("orders", 0)])
        show()
        consumer.assign([TopicPartition("orders", 1, 1)])
        show()
        consumer.incremental_assign([TopicPartition("orders", 0, OFFSET_END)])
        show()
        consumer.incremental_unassign([TopicPartition("orders", 1)])
        show()
        consumer.unassign()
        show()
        """,
        FOUR,
    ) == ["[(0, -1000)]", "[(1, 1)]", "[(0, -1), (1, 1)]", "[(0, -1)]", "[]"]


def test_a_closed_consumer_refuses_everything_but_closing() -> None:
    assert says("consumer.close()\nconsumer.close()\nprint('closed')") == ["closed"]
    assert raised("consumer.close()\nconsumer.poll(1)") == ("RuntimeError", "Consumer closed")
    assert raised("consumer.close()\nconsumer.list_topics()") == (
        "RuntimeError",
        "Handle has been closed",
    )


def test_read_committed_is_the_default_and_leaves_out_what_was_aborted() -> None:
    from dataclasses import replace

    from minibroker.log.records import Record, batch

    def transactions(stage: Setting) -> None:
        coordinator = stage.cluster.transactions
        number, epoch = coordinator.init_producer("scenario", "tx")
        for sequence, (value, commit) in enumerate([("undone", False), ("done", True)]):
            coordinator.add_partitions("scenario", "tx", number, epoch, [("orders", 0)])
            record = Record(0, None, value.encode(), 0)
            stage.cluster.produce(
                "scenario", "orders", 0,
                replace(
                    batch([record]), producer_id=number, producer_epoch=epoch,
                    base_sequence=sequence, transactional=True,
                ),
                -1, transactional_id="tx",
            )  # fmt: skip
            coordinator.end("scenario", "tx", number, epoch, commit)

    body = from_start("print([m.value() for m in consumer.consume(9, 1)])")
    scenario = holding(transactions, orders=["a"])
    assert says(body, scenario) == ["[b'a', b'done']"]
    assert says(body, scenario, isolation_level="read_uncommitted") == [
        "[b'a', b'undone', b'done']"
    ]


@pytest.mark.parametrize(
    ("strategies", "text"),
    [
        ("fair", "Unsupported partition.assignment.strategy: fair"),
        (
            "range,cooperative-sticky",
            "All partition.assignment.strategy (range,cooperative-sticky) assignors must have the "
            "same protocol type, online migration between assignors with different protocol types "
            "is not supported",
        ),
    ],
)
def test_a_strategy_that_cannot_be_is_refused(strategies: str, text: str) -> None:
    assert raised("", partition_assignment_strategy=strategies) == (
        "KafkaException",
        f'KafkaError{{code=_INVALID_ARG,val=-186,str="Failed to create consumer: {text}"}}',
    )


def test_the_brokers_time_is_told_where_the_topic_wants_it() -> None:
    def stamped(stage: Setting) -> None:
        stage.cluster.create_topic("logs", 1, 1, {"message.timestamp.type": "LogAppendTime"})
        stage.at(5, lambda: stage.append("logs", 0, "late"))

    assert says(
        """
        consumer.assign([TopicPartition("logs", 0)])
        print(consumer.poll(10.0).timestamp())
        """,
        stamped,
    ) == ["(2, 1767603605000)"]


def test_a_partition_that_is_not_there_is_told_as_an_error_once() -> None:
    assert says(
        """
        consumer.assign([TopicPartition("orders", 9), TopicPartition("nothing", 0, 5)])
        message = consumer.poll(1.0)
        print(message.topic(), message.partition(), message.error())
        print(consumer.poll(1.0))
        """
    ) == [
        'orders 9 KafkaError{code=UNKNOWN_TOPIC_OR_PART,val=3,str="Failed to fetch committed '
        'offset for group "billing" topic orders [9]: Broker: Unknown topic or partition"}',
        "None",
    ]


def test_the_new_group_protocol_is_refused_with_a_sentence() -> None:
    error, text = raised("", group_protocol="consumer")
    assert error == "NotInSubset"
    assert "group.protocol=consumer is not simulated" in text


def unclean(stage: Setting) -> None:
    """The leader alone has three of four records, and the follower leads without it."""
    cluster = stage.cluster
    cluster.create_topic("orders", 1, 2, {"unclean.leader.election.enable": "true"})
    [info] = cluster.describe("orders")
    [other] = [broker for broker in info.replicas if broker != info.leader]
    stage.append("orders", 0, "kept")
    stage.at(1, lambda: cluster.stop(other))
    for when in (2, 3, 4):
        stage.at(when, lambda: stage.append("orders", 0, "lost"))
    stage.at(6, lambda: cluster.stop(info.leader))
    stage.at(7, lambda: cluster.start(other))
    for when in (8, 9, 10, 11, 12):
        stage.at(when, lambda: stage.append("orders", 0, "new"))


AFTER_TRUNCATION = """
    print([message.value().decode() for message in consumer.consume(4, 5)])
    time.sleep(20)
    for message in consumer.consume(9, 1):
        print(message.error() or message.value())
    """


@pytest.mark.parametrize("reset", ["earliest", "latest"])
def test_it_goes_on_where_its_log_was_truncated(reset: str) -> None:
    assert says(from_start(AFTER_TRUNCATION), unclean, brokers=2, auto_offset_reset=reset) == [
        str(["kept", "lost", "lost", "lost"]),
        *["b'new'"] * 5,
    ]


def test_it_may_be_told_of_a_truncation_instead() -> None:
    _, told = says(from_start(AFTER_TRUNCATION), unclean, brokers=2, auto_offset_reset="error")
    assert "code=_AUTO_OFFSET_RESET" in told
    assert "Partition log truncation detected at offset 4" in told


def test_a_partition_without_a_leader_is_waited_for() -> None:
    def stopped(stage: Setting) -> None:
        stage.cluster.stop(1)
        stage.at(5, lambda: stage.cluster.start(1))

    assert says(
        from_start("print(consumer.poll(10.0).value(), round(time.monotonic()))"),
        holding(stopped, orders=["a"]),
    ) == ["b'a' 5"]
