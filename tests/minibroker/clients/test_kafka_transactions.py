"""A transactional producer: all of a transaction or nothing, and one producer an id.

`minibroker/clients/test_kafka_as_the_real_one.py` holds the words and marks of its errors against
the real library.
"""

import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from graders.plans import worth_trying
from minibroker.log.errors import Code, LogError
from minibroker.sim.trace import Ended, Exited, Fenced, TransactionBegan, TransactionEnded
from tests.minibroker.producing import Ran, Setting, play

HEAD = """
    from confluent_kafka import KafkaException, Producer, TopicPartition
    import time

    GROUP = b"CGMDv2:" + bytes([255] * 4) + b"billing" + bytes(2) + bytes([1])

    def told(err, msg):
        print(err and err.name(), msg.value().decode())

    def tell(call):
        try:
            call()
            print("done")
        except KafkaException as problem:
            error = problem.args[0]
            marks = [mark for mark in ("fatal", "retriable", "txn_requires_abort")
                     if getattr(error, mark)()]
            print(error.name(), *marks)

    def again(call):
        while True:
            try:
                return call()
            except KafkaException as problem:
                if not problem.args[0].retriable():
                    raise

    def transactional(kafka, **more):
        config = {"bootstrap.servers": kafka, "transactional.id": "payer", "on_delivery": told}
        return Producer(config | {key.replace("_", "."): value for key, value in more.items()})
"""


def topics(setting: Setting) -> None:
    setting.cluster.create_topic("orders")
    setting.cluster.create_topic("paid")


def run(body: str, more: Callable[[Setting], None] = lambda _: None, **given: Any) -> Ran:
    """Run a source's functions under this head; a body without any is the worker's."""
    body = textwrap.dedent(body).strip() + "\n"
    if not body.startswith("def "):
        body = "def worker(kafka):\n" + textwrap.indent(body, "    ")

    def scenario(setting: Setting) -> None:
        topics(setting)
        more(setting)

    return play(textwrap.dedent(HEAD) + "\n" + body, scenario, **given)


def ended(ran: Ran) -> list[tuple[str, str]]:
    return [(event.how, event.why) for event in ran.trace.of(TransactionEnded)]


def test_what_is_committed_is_seen_and_what_is_aborted_is_not() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        for n in range(3):
            producer.begin_transaction()
            producer.produce("paid", str(n))
            producer.flush()
            if n == 1:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    """)
    assert ran.values("paid") == ["0", "2"]
    assert ran.values("paid", committed=False) == ["0", "1", "2"]
    assert ended(ran) == [("committed", "asked"), ("aborted", "asked"), ("committed", "asked")]


def test_a_commit_delivers_first_and_reports() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("paid", "0")
        producer.commit_transaction()
        print(len(producer))
    """)
    assert ran.lines == ["None 0", "0"]


def test_an_abort_gives_up_what_was_not_sent_and_reports_that() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("paid", "0")
        producer.abort_transaction()
        print(len(producer))
    """)
    assert ran.lines == ["_PURGE_QUEUE 0", "0"]
    assert not ran.trace.of(TransactionBegan)


def test_offsets_are_committed_with_the_transaction_or_not_at_all() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        for offset, end in ((3, producer.commit_transaction), (7, producer.abort_transaction)):
            producer.begin_transaction()
            producer.send_offsets_to_transaction([TopicPartition("orders", 0, offset)], GROUP)
            end()
    """)
    committed = ran.cluster.groups.committed("billing")
    assert {place: found.offset for place, found in committed.items()} == {("orders", 0): 3}


def test_offsets_of_no_record_are_left_out() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        producer.send_offsets_to_transaction([TopicPartition("orders", 0, -1001)], GROUP)
        producer.send_offsets_to_transaction([], GROUP)
        producer.commit_transaction()
    """)
    assert not ran.trace.of(TransactionBegan)


FENCES = """
    producer = transactional(kafka)
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("paid", "old")
    producer.flush()
    other = transactional(kafka)
    other.init_transactions()
"""


@pytest.mark.parametrize(
    ("does", "says", "what"),
    [
        ("tell(producer.commit_transaction)", ["_FENCED fatal"], "end"),
        ("tell(producer.abort_transaction)", ["_FENCED fatal"], "end"),
        (
            'producer.produce("paid", "late")\ntell(producer.flush)\n'
            "tell(producer.commit_transaction)",
            ["_FENCED fatal", "_FENCED fatal"],
            "produce",
        ),
        (
            'producer.produce("orders", "late")\ntell(producer.commit_transaction)',
            ["_PURGE_QUEUE late", "_FENCED fatal"],
            "add partitions",
        ),
        (
            "tell(lambda: producer.send_offsets_to_transaction("
            '[TopicPartition("orders", 0, 1)], GROUP))',
            ["_FENCED fatal"],
            "add offsets",
        ),
    ],
)
def test_a_second_producer_of_the_same_id_fences_the_first(
    does: str, says: list[str], what: str
) -> None:
    ran = run(textwrap.dedent(FENCES) + does)
    assert [
        line for line in ran.lines if line not in ("None old", "INVALID_PRODUCER_EPOCH late")
    ] == (says)
    assert ended(ran) == [("aborted", "fenced")]
    assert ran.trace.of(Fenced)[0].what == what
    assert ran.values("paid") == []


def test_a_fenced_producer_is_of_no_use_any_more_and_the_next_poll_says_so_once() -> None:
    ran = run(
        textwrap.dedent(FENCES)
        + textwrap.dedent("""
            tell(producer.commit_transaction)
            tell(lambda: producer.poll(0))
            tell(lambda: producer.poll(0))
            tell(producer.begin_transaction)
            tell(producer.init_transactions)
            tell(lambda: producer.produce("paid", "late"))
            print(producer.close())
        """)
    )
    assert ran.lines[1:] == [
        "_FENCED fatal", "_FENCED fatal", "done",
        "_FENCED fatal", "_FENCED fatal", "_FATAL", "True",
    ]  # fmt: skip


def test_a_transaction_that_takes_too_long_is_aborted_by_the_broker() -> None:
    ran = run("""
        producer = transactional(kafka, transaction_timeout_ms=5000)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("paid", "0")
        producer.flush()
        time.sleep(6)
        tell(producer.commit_transaction)
    """)
    assert ran.lines == ["None 0", "_FENCED fatal"]
    assert ended(ran) == [("aborted", "timeout")]


def test_a_record_that_cannot_be_delivered_asks_for_an_abort() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("new", "0", partition=4)
        producer.produce("paid", "1")
        tell(producer.commit_transaction)
        tell(producer.begin_transaction)
        tell(producer.abort_transaction)
        producer.begin_transaction()
        producer.produce("paid", "2")
        tell(producer.commit_transaction)
    """)
    assert ran.lines == [
        "_UNKNOWN_PARTITION 0", "None 1",
        "_INCONSISTENT txn_requires_abort", "_INCONSISTENT txn_requires_abort", "done",
        "None 2", "done",
    ]  # fmt: skip
    assert ran.values("paid") == ["2"]


def test_a_zombie_consumer_cannot_commit_with_a_transaction() -> None:
    ran = run("""
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        zombie = b"billing" + bytes(1) + b"zombie" + bytes([0, 1])
        member = b"CGMDv2:" + bytes([5, 0, 0, 0]) + zombie
        tell(lambda: producer.send_offsets_to_transaction([TopicPartition("orders", 0, 1)], member))
        tell(producer.commit_transaction)
        tell(producer.abort_transaction)
    """)
    assert ran.lines[0] in (
        "UNKNOWN_MEMBER_ID txn_requires_abort", "ILLEGAL_GENERATION txn_requires_abort",
    )  # fmt: skip
    assert ran.lines[1:] == [ran.lines[0], "done"]
    assert ran.cluster.groups.committed("billing") == {}


WORK = """
    producer = transactional(kafka)
    again(producer.init_transactions)
    n = 0
    while n < 2:
        producer.begin_transaction()
        producer.produce("paid", f"{n}a")
        producer.produce("paid", f"{n}b")
        place = TopicPartition("orders", 0, n + 1)
        try:
            again(lambda: producer.send_offsets_to_transaction([place], GROUP))
            again(producer.commit_transaction)
            n += 1
        except KafkaException as problem:
            if not problem.args[0].txn_requires_abort():
                raise
            again(producer.abort_transaction)
    producer.begin_transaction()
    producer.produce("paid", "no")
    producer.flush()
    again(producer.abort_transaction)
"""


def test_a_call_whose_request_or_answer_is_lost_can_be_made_again() -> None:
    """Whichever fault comes where: no transaction is seen by halves, and without a restart none
    twice or not at all."""
    calm = run(WORK)
    assert calm.values("paid") == ["0a", "0b", "1a", "1b"]
    faults = worth_trying(calm.trace, ("crash", "definite", "indefinite", "pause"))
    assert len(faults) > 30
    for fault in faults:
        ran = run(WORK, plan=f"{fault.kind}:{fault.at}", restarts=3)
        seen = ran.values("paid")
        assert seen[::2] == [value.replace("b", "a") for value in seen[1::2]], fault
        assert "no" not in seen
        assert ran.trace.of(Ended)[0].why == "quiet"
        assert ran.trace.of(Exited)[-1].how == "returned", fault
        if fault.kind in ("definite", "indefinite"):
            assert seen == calm.values("paid"), fault
            assert [event.how for event in ran.trace.of(Exited)] == ["returned"]
            committed = ran.cluster.groups.committed("billing")
            assert [found.offset for found in committed.values()] == [2]


def test_offsets_that_could_not_be_sent_in_time_ask_for_an_abort() -> None:
    body = """
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        place = TopicPartition("orders", 0, 1)
        tell(lambda: producer.send_offsets_to_transaction([place], GROUP))
        tell(producer.commit_transaction)
        tell(producer.abort_transaction)
    """
    at = run(body).number("send_offsets")
    for kind in ("definite", "indefinite"):
        ran = run(body, plan=f"{kind}:{at}")
        assert ran.lines == ["_TIMED_OUT txn_requires_abort"] * 2 + ["done"]
        assert ran.cluster.groups.committed("billing") == {}


def test_a_commit_that_timed_out_must_be_resumed_before_anything_else() -> None:
    body = """
        producer = transactional(kafka)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("paid", "0")
        tell(producer.commit_transaction)
        tell(producer.abort_transaction)
        tell(producer.commit_transaction)
        tell(producer.begin_transaction)
    """
    at = run(body).number("commit_transaction")
    for kind in ("definite", "indefinite"):
        ran = run(body, plan=f"{kind}:{at}")
        assert ran.lines == [
            "None 0", "_TIMED_OUT retriable", "_CONFLICT retriable", "done", "done",
        ]  # fmt: skip
        assert ran.values("paid") == ["0"]


def test_a_batch_that_the_broker_refuses_for_good_asks_for_an_abort_and_then_all_is_well() -> None:
    def small(setting: Setting) -> None:
        setting.cluster.create_topic("small", 1, 1, {"max.message.bytes": "200"})

    body = """
        producer = transactional(kafka)
        producer.init_transactions()
        for value in ("a", "b" * 500, "c", "d"):
            producer.begin_transaction()
            producer.produce("small", value)
            producer.produce("paid", value[0])
            tell(producer.flush)
            try:
                producer.commit_transaction()
            except KafkaException as problem:
                print(problem.args[0].name(), problem.args[0].txn_requires_abort())
                producer.abort_transaction()
    """
    ran = run(body, more=small)
    assert ran.values("small") == ["a", "c", "d"]
    assert ran.values("paid") == ["a", "c", "d"]
    assert "MSG_SIZE_TOO_LARGE True" in ran.lines


def test_what_flies_when_a_transaction_is_aborted_is_not_sent_again() -> None:
    body = """
        producer = transactional(kafka, linger_ms=0)
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce("paid", "0")
        producer.poll(0)
        producer.abort_transaction()
        time.sleep(1)
        producer.begin_transaction()
        producer.produce("paid", "1")
        producer.commit_transaction()
    """
    ran = run(body, plan=f"definite:{run(body).number('produce')}")
    assert ran.values("paid", committed=False) == ["1"]
    assert ran.lines == ["_PURGE_QUEUE 0", "None 1"]


def reluctant(call: Callable[..., Any]) -> Callable[..., Any]:
    """A call that is refused twice, for a while."""
    refusals = [LogError(Code.CONCURRENT_TRANSACTIONS)] * 2

    def refuse(*args: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return call(*args)

    return refuse


def test_a_coordinator_that_is_busy_is_asked_again() -> None:
    def busy(setting: Setting) -> None:
        transactions: Any = setting.cluster.transactions
        for name in ("init_producer", "end"):
            setattr(transactions, name, reluctant(getattr(transactions, name)))

    ran = run(
        """
        producer = transactional(kafka)
        tell(lambda: producer.init_transactions(0.15))
        tell(lambda: producer.init_transactions(5))
        producer.begin_transaction()
        producer.produce("paid", "0")
        tell(producer.commit_transaction)
        """,
        more=busy,
    )
    assert ran.lines == ["_TIMED_OUT retriable", "done", "None 0", "done"]
    assert ran.values("paid") == ["0"]


def test_what_waits_in_a_fenced_producer_is_given_up() -> None:
    ran = run(
        textwrap.dedent(FENCES)
        + textwrap.dedent("""
            producer.produce("paid", "late")
            place = TopicPartition("orders", 0, 1)
            tell(lambda: producer.send_offsets_to_transaction([place], GROUP))
            tell(producer.flush)
            print(len(producer))
        """)
    )
    assert ran.lines[1:] == ["_FENCED fatal", "_PURGE_QUEUE late", "_FENCED fatal", "0"]
    assert ran.values("paid", committed=False) == ["old"]


def test_a_producer_that_is_closed_aborts_what_is_open() -> None:
    ran = run("""
        with transactional(kafka) as producer:
            producer.init_transactions()
            producer.begin_transaction()
            producer.produce("paid", "0")
            producer.flush()
    """)
    assert ended(ran) == [("aborted", "asked")]
