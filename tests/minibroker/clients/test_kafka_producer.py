"""A producer sends in the background, tells how each record ended, and loses what it holds when its
process dies."""

import itertools
import textwrap
import zlib
from typing import Any

import pytest

from minibroker.sim.trace import Answered, Appended, AppendIgnored, Exited, Faulted
from tests.minibroker.producing import Ran, Setting, play, topic

HEAD = """
    from confluent_kafka import KafkaException, Producer
    import time

    def told(err, msg):
        print(err and err.name(), msg.partition(), msg.offset(), msg.value().decode())

    def worker(kafka):
        producer = Producer({"bootstrap.servers": kafka} | CONFIG)
"""


ORDERS = topic("orders")


def produce(body: str, scenario: Any = ORDERS, config: Any = None, **more: Any) -> Ran:
    """Run one worker with a producer, whose body this is."""
    head = textwrap.dedent(HEAD).replace("CONFIG", repr(config or {}))
    source = head + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
    ran = play(source, scenario, **more)
    assert more.get("plan") or [exit.how for exit in ran.trace.of(Exited)] == ["returned"], ran.said
    return ran


def appended_at(ran: Ran) -> list[float]:
    """When each record was appended, in milliseconds."""
    return [event.at / 1_000 for event in ran.trace.of(Appended)]


# --- sending -------------------------------------------------------------------------------------


def test_records_are_sent_when_the_oldest_has_lingered_though_nobody_polls() -> None:
    ran = produce('for n in range(3): producer.produce("orders", str(n))\ntime.sleep(1)')
    assert ran.values("orders") == ["0", "1", "2"]
    assert appended_at(ran) == [6.0, 6.0, 6.0]  # the first was produced at 1 ms


def test_linger_is_how_long_they_wait_at_most() -> None:
    body = 'producer.produce("orders", "0")\ntime.sleep(1)'
    assert appended_at(produce(body, config={"linger.ms": 200})) == [201.0]
    assert appended_at(produce(body, config={"linger.ms": 0})) == [1.0]


def test_a_full_batch_is_sent_at_once() -> None:
    body = 'for n in range(4): producer.produce("orders", str(n))\ntime.sleep(1)'
    ran = produce(body, config={"linger.ms": 500, "batch.num.messages": 2})
    assert appended_at(ran) == [2.0, 2.0, 4.0, 4.0]
    ran = produce(body, config={"linger.ms": 500, "batch.size": 3})
    assert appended_at(ran)[:3] == [3.0, 3.0, 3.0]


def test_what_a_full_batch_leaves_behind_lingers_on() -> None:
    body = 'for n in range(2): producer.produce("orders", 2 * str(n))\ntime.sleep(1)'
    ran = produce(body, config={"linger.ms": 100, "batch.size": 3})
    assert ran.values("orders") == ["00", "11"]
    assert appended_at(ran) == [2.0, 102.0]


def test_a_worker_that_only_polls_comes_to_rest() -> None:
    body = 'producer.produce("orders", "0")\nwhile True: producer.poll(1)'
    ran = produce(body, plan="none")
    assert [event.how for event in ran.trace.of(Exited)] == ["interrupted"]


def test_a_flush_sends_at_once_and_tells_all() -> None:
    ran = produce(
        'producer.produce("orders", "0", on_delivery=told)\n'
        "print(len(producer), producer.flush(), len(producer))",
        config={"linger.ms": 500},
    )
    assert ran.lines == ["None 0 0 0", "1 0 0"]
    assert appended_at(ran) == [2.0]


def test_equal_keys_go_to_one_partition_by_their_crc32() -> None:
    ran = produce(
        'for n in range(9): producer.produce("orders", str(n), key=f"k{n % 3}")\nproducer.flush()',
        topic("orders", 6),
    )
    places: dict[bytes | None, set[int]] = {}
    for event in ran.trace.of(Appended):
        places.setdefault(event.key, set()).add(event.partition)
    assert places == {key: {zlib.crc32(key) % 6} for key in (b"k0", b"k1", b"k2")}


def test_records_without_a_key_stick_to_one_partition_for_a_while_and_differ_by_run() -> None:
    body = """
        for n in range(20):
            producer.produce("orders", str(n))
            time.sleep(0.005)
        producer.flush()
    """
    ran = produce(body, topic("orders", 6))
    partitions = [event.partition for event in ran.trace.of(Appended)]
    assert 1 < len(set(partitions)) <= 6
    changes = sum(a != b for a, b in itertools.pairwise(partitions))
    assert changes < 10
    assert produce(body, topic("orders", 6)).trace.text() == ran.trace.text()


def test_what_it_holds_dies_with_its_process() -> None:
    body = 'producer.produce("orders", "0")'
    assert produce(body).values("orders") == []
    assert produce(body + "\nproducer.flush()", plan="crash:2").values("orders") == ["0"]
    assert produce(body + "\nproducer.flush()", plan="crash:3").values("orders") == ["0", "0"]


def test_a_frozen_process_sends_nothing_and_goes_on_when_it_thaws() -> None:
    ran = produce(
        'producer.produce("orders", "0", on_delivery=told)\nproducer.flush()', plan="pause:2"
    )
    assert appended_at(ran) == [200_001.0]
    asleep = produce('producer.produce("orders", "0")\ntime.sleep(20)')
    assert appended_at(asleep) == [6.0]


# --- reports -------------------------------------------------------------------------------------


def test_a_report_is_given_in_poll_and_never_by_itself() -> None:
    ran = produce("""
        producer.produce("orders", "0", on_delivery=told)
        time.sleep(1)
        print("slept", len(producer))
        print(producer.poll(0), len(producer))
    """)
    assert ran.lines == ["slept 1", "None 0 0 0", "1 0"]


def test_poll_waits_for_a_report_only_as_long_as_it_is_told() -> None:
    ran = produce("""
        producer.produce("orders", "0")
        print(producer.poll(0.001), producer.poll(1), time.monotonic())
    """)
    assert ran.lines == ["0 1 0.008"]


def test_the_reports_of_a_producer_can_all_go_to_one_function() -> None:
    ran = produce("""
        mine = Producer({"bootstrap.servers": kafka, "on_delivery": told})
        mine.produce("orders", "0")
        mine.produce("orders", "1", callback=lambda err, msg: print("mine"))
        mine.flush()
    """)
    assert ran.lines == ["None 0 0 0", "mine"]


def test_only_failures_are_reported_if_asked_so() -> None:
    ran = produce(
        """
        producer.produce("orders", "0", on_delivery=told)
        producer.produce("new", "1", partition=4, on_delivery=told)
        print(producer.flush())
        """,
        config={"delivery.report.only.error": True},
    )
    assert ran.lines == ["_UNKNOWN_PARTITION 4 None 1", "0"]


def test_a_report_has_the_record_as_it_was_appended() -> None:
    ran = produce("""
        def told(err, msg):
            print(msg.topic(), msg.key(), msg.value(), msg.timestamp(), msg.headers(),
                  msg.latency(), msg.error(), msg.leader_epoch())
        producer.produce("orders", "0", "key", timestamp=7, headers={"a": "b"}, on_delivery=told)
        producer.flush()
    """)
    assert ran.lines == ["orders b'key' b'0' (1, 7) None 0.002 None None"]
    event = ran.trace.of(Appended)[0]
    assert (event.key, event.value, event.headers) == (b"key", b"0", [["a", b"b"]])


def test_what_a_callback_raises_comes_out_of_poll_after_the_others_were_called() -> None:
    ran = produce("""
        def bad(err, msg):
            raise ValueError("bad")
        producer.produce("orders", "0", on_delivery=bad)
        producer.produce("orders", "1", on_delivery=told)
        try:
            producer.flush()
        except ValueError as error:
            print(error, len(producer))
    """)
    assert ran.lines == ["None 0 1 1", "bad 0"]


def test_a_callback_may_produce() -> None:
    ran = produce("""
        def again(err, msg):
            if msg.offset() < 3:
                producer.produce("orders", "more", on_delivery=again)
        producer.produce("orders", "0", on_delivery=again)
        print(producer.flush())
    """)
    assert ran.lines == ["0"]
    assert len(ran.values("orders")) == 4


def test_a_queue_that_nobody_serves_is_full_though_all_was_delivered() -> None:
    ran = produce(
        """
        for n in range(2):
            producer.produce("orders", str(n))
        time.sleep(1)
        try:
            producer.produce("orders", "2")
        except BufferError as error:
            print(error)
        producer.poll(0)
        producer.produce("orders", "3")
        producer.flush()
        """,
        config={"queue.buffering.max.messages": 2},
    )
    assert ran.lines == ["Local: Queue full"]
    assert ran.values("orders") == ["0", "1", "3"]


def test_a_record_that_is_too_large_is_refused() -> None:
    ran = produce("""
        try:
            producer.produce("orders", b"x" * 1_000_001)
        except KafkaException as error:
            print(error.args[0].name(), error.args[0].str())
    """)
    assert ran.lines == [
        "MSG_SIZE_TOO_LARGE Unable to produce message: Broker: Message size too large"
    ]


# --- topics --------------------------------------------------------------------------------------


def test_a_topic_that_there_is_not_is_made_with_one_partition_when_something_is_sent_to_it() -> (
    None
):
    ran = produce('producer.produce("new", "0", on_delivery=told)\nproducer.flush()')
    assert ran.lines == ["None 0 0 0"]
    assert ran.cluster.partitions("new") == 1


def test_a_topic_that_cannot_be_is_told_in_the_report() -> None:
    ran = produce('producer.produce("a/b", "0", on_delivery=told)\nproducer.flush()')
    assert ran.lines == ["TOPIC_EXCEPTION None None 0"]


def test_a_partition_that_a_topic_has_not_is_refused() -> None:
    ran = produce("""
        try:
            producer.produce("orders", "0", partition=1)
        except KafkaException as error:
            print(error.args[0].str(), len(producer))
    """)
    assert ran.lines == ["Unable to produce message: Local: Unknown partition 0"]


# --- trouble -------------------------------------------------------------------------------------

SIX = """
    for n in range(6):
        producer.produce("orders", str(n), on_delivery=told)
        if n == 2:
            time.sleep(0.01)
    print(producer.flush())
"""


@pytest.mark.parametrize(
    ("config", "lost", "twice"),
    [
        ({}, "345012", "012345012"),
        ({"max.in.flight": 1}, "012345", "012012345"),
        ({"enable.idempotence": True}, "012345", "012345"),
        ({"acks": 0}, "345", "012345"),
        ({"retries": 0}, "345", "012345"),
    ],
    ids=str,
)
def test_a_request_or_an_answer_that_is_lost_is_sent_again(
    config: dict[str, Any], lost: str, twice: str
) -> None:
    """Which changes the order, or doubles records, unless the producer is idempotent."""
    assert "".join(produce(SIX, config=config, plan="definite:2").values("orders")) == lost
    assert "".join(produce(SIX, config=config, plan="indefinite:2").values("orders")) == twice


def test_the_same_befalls_what_a_flush_sends() -> None:
    config: dict[str, Any]
    for config, twice in (({}, "012345345"), ({"enable.idempotence": True}, "012345")):
        calm = produce(SIX, config=config)
        at = calm.number("flush")
        assert "".join(calm.values("orders")) == "012345"
        lost = produce(SIX, config=config, plan=f"definite:{at}")
        assert "".join(lost.values("orders")) == "012345"
        assert lost.trace.of(Appended)[-1].at > calm.trace.of(Appended)[-1].at + 100_000
        again = produce(SIX, config=config, plan=f"indefinite:{at}")
        assert "".join(again.values("orders")) == twice
        assert again.said == calm.said
        assert len(again.trace.of(Faulted)) == 1
        assert len(again.trace.of(AppendIgnored)) == (1 if config else 0)


def test_without_retries_the_report_says_that_it_may_be_lost() -> None:
    ran = produce(SIX, config={"retries": 0}, plan="indefinite:2")
    assert ran.lines[-4:] == [f"_TRANSPORT 0 None {n}" for n in range(3)] + ["0"]


def leader_stops(at: float, back: float | None = None, **config: str) -> Any:
    def scenario(setting: Setting) -> None:
        setting.cluster.create_topic("orders", 1, 3, config)
        leader = setting.cluster.describe("orders")[0].leader
        setting.world.at(round(at * 1_000_000), lambda: setting.cluster.stop(leader))
        if back is not None:
            setting.world.at(round(back * 1_000_000), lambda: setting.cluster.start(leader))

    return scenario


ONE_BY_ONE = """
    for n in range(8):
        producer.produce("orders", str(n), on_delivery=told)
        producer.poll(0.02)
    print(producer.flush())
"""


def test_a_new_leader_is_found_and_nothing_is_lost_that_all_had() -> None:
    ran = produce(ONE_BY_ONE, leader_stops(0.03), {"enable.idempotence": True}, brokers=3)
    assert ran.values("orders") == list("01234567")
    assert [line.split()[0] for line in ran.lines] == ["None"] * 8 + ["0"]


def test_it_waits_until_enough_replicas_are_in_sync() -> None:
    scenario = leader_stops(0.03, 5.0, **{"min.insync.replicas": "3"})
    ran = produce(ONE_BY_ONE, scenario, brokers=3)
    assert ran.values("orders") == list("01234567")
    assert 5_000 < appended_at(ran)[-1] < 6_100


def test_what_is_not_delivered_in_time_has_failed() -> None:
    scenario = leader_stops(0.0, **{"min.insync.replicas": "3"})
    ran = produce(
        'producer.produce("orders", "0", on_delivery=told)\nproducer.flush()\n'
        "print(time.monotonic())",
        scenario,
        brokers=3,
    )
    assert ran.lines == ["_MSG_TIMED_OUT 0 None 0", "300.002"]
    ran = produce(
        'producer.produce("orders", "0", on_delivery=told)\nprint(producer.flush(1), '
        "time.monotonic())\nprint(producer.flush(5), time.monotonic())",
        scenario,
        {"message.timeout.ms": 2000},
        brokers=3,
    )
    assert ran.lines == ["1 1.003", "_MSG_TIMED_OUT 0 None 0", "0 2.002"]


def test_a_purge_gives_up_what_waits() -> None:
    ran = produce(
        'producer.produce("orders", "0", on_delivery=told)\nproducer.purge()\n'
        "print(len(producer), producer.poll(0), len(producer))"
    )
    assert ran.lines == ["_PURGE_QUEUE 0 None 0", "1 1 0"]
    assert ran.values("orders") == []


def test_a_closed_producer_is_of_no_use_any_more() -> None:
    ran = produce("""
        with producer:
            producer.produce("orders", "0")
        print(producer.close())
        try:
            producer.poll(0)
        except RuntimeError as error:
            print(error)
    """)
    assert ran.lines == ["True", "Producer has been closed"]
    assert ran.values("orders") == ["0"]


def test_produce_changes_nothing_in_the_world_so_no_crash_after_it_is_tried() -> None:
    ran = produce('producer.produce("orders", "0")\nproducer.flush()\nproducer.poll(0)')
    assert [event.did for event in ran.trace.of(Answered)] == ["read", "read", "changed", "read"]


def test_an_idempotent_producer_goes_on_after_a_batch_that_was_refused_for_good() -> None:
    def small(setting: Setting) -> None:
        setting.cluster.create_topic("small", 1, 1, {"max.message.bytes": "200"})

    ran = produce(
        """
        for value in ("a", "b" * 500, "c", "d"):
            producer.produce("small", value, on_delivery=lambda err, msg: print(err and err.name()))
            producer.flush()
        """,
        small,
        {"enable.idempotence": True},
    )
    assert ran.lines == ["None", "MSG_SIZE_TOO_LARGE", "None", "None"]
    assert ran.values("small") == ["a", "c", "d"]
