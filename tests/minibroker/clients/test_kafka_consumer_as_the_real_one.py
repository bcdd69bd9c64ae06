"""One script, on the simulated consumer and on the real one with librdkafka's mock cluster: it must
say the same, word for word.

The groups of the mock cluster are no model (it refuses what a broker takes, and knows no static
members), so rebalances are not compared here.
"""

import re
import textwrap
from typing import Any

import confluent_kafka

from tests.minibroker.kafka import consuming, holding, play

PARTITIONS = 4
"""Of a topic of the mock cluster."""

SCRIPT = '''
from confluent_kafka import Message


def tell(name, call):
    """What a call gives, or how it fails."""
    try:
        print(name, call())
    except KafkaException as problem:
        error = problem.args[0]
        print(name, error.name(), error.str(), error.fatal(), error.retriable())
    except (TypeError, ValueError, RuntimeError) as problem:
        print(name, type(problem).__name__, problem)


def shown(message):
    if message is None:
        return None
    found = (message.topic(), message.partition(), message.offset(), message.value(),
             message.key(), message.headers(), message.timestamp()[0])
    return (*found, message.error()) if message.error() else found


def use(consumer):
    one, other, none = [TopicPartition("t", number) for number in (0, 1, 99)]
    later = TopicPartition("t", 0, 2)
    first = Message(topic="t", partition=0, offset=0, value=b"v")
    broken = Message(topic="t", partition=0, offset=0, error=KafkaError(KafkaError._PARTITION_EOF))
    for name, call in {
        "timeout": lambda: consumer.poll("soon"),
        "in vain": lambda: consumer.poll(0),
        "too many": lambda: consumer.consume(10**7),
        "less than none": lambda: consumer.consume(-1),
        "half of one": lambda: consumer.consume(1.5),
        "nothing stored": lambda: consumer.commit(asynchronous=False),
        "nothing to commit": lambda: consumer.commit(offsets=[], asynchronous=False),
        "both": lambda: consumer.commit(first, [one]),
        "neither": consumer.store_offsets,
        "no message": lambda: consumer.commit(3),
        "a message with an error": lambda: consumer.commit(broken),
        "to store one with an error": lambda: consumer.store_offsets(broken),
        "no list": lambda: consumer.commit(offsets=3),
        "list of what": lambda: consumer.committed([3]),
        "not stored by hand": lambda: consumer.store_offsets(first),
        "topics": lambda: consumer.subscribe("t"),
        "no topics": lambda: consumer.subscribe([]),
        "a topic twice": lambda: consumer.subscribe(["t", "t"]),
        "a topic without a name": lambda: consumer.subscribe([""]),
        "no pattern": lambda: consumer.subscribe(["^("]),
        "no callback": lambda: consumer.subscribe(["t"], on_assign=3),
        "not a partition": lambda: consumer.seek(3),
        "not assigned": lambda: consumer.seek(later),
        "twice": lambda: consumer.assign([one, one]),
        "assign": lambda: consumer.assign([one, other]),
        "assignment": consumer.assignment,
        "already": lambda: consumer.incremental_assign([other]),
        "twice again": lambda: consumer.incremental_assign([none, none]),
        "not in it": lambda: consumer.incremental_unassign([none]),
        "a": lambda: shown(consumer.poll(9)),
        "position": lambda: consumer.position([one, other, none]),
        "commit": lambda: consumer.commit(asynchronous=False),
        "again": lambda: consumer.commit(asynchronous=False),
        "by offset": lambda: consumer.commit(offsets=[later], asynchronous=False),
        "by message": lambda: consumer.commit(message=first, asynchronous=False),
        "committed": lambda: consumer.committed([one, other, none]),
        "elsewhere": lambda: consumer.commit(offsets=[none], asynchronous=False),
        "seek": lambda: consumer.seek(later),
        "where": lambda: consumer.position([one]),
        "stored": lambda: consumer.seek(TopicPartition("t", 0, -1000)),
        "watermarks": lambda: consumer.get_watermark_offsets(one),
        "of none": lambda: consumer.get_watermark_offsets(none),
        "pause": lambda: consumer.pause([one]),
        "resume": lambda: consumer.resume([none]),
        "no times": lambda: consumer.offsets_for_times([]),
        "times": lambda: consumer.offsets_for_times([none]),
        "member": consumer.memberid,
        "metadata": consumer.consumer_group_metadata,
        "unassign": consumer.unassign,
        "nothing": consumer.assignment,
        "close": consumer.close,
        "close again": consumer.close,
        "closed": lambda: consumer.poll(0),
        "closed too": consumer.list_topics,
        "closed as well": lambda: consumer.pause([]),
    }.items():
        tell(name, call)
'''

CONFIG = {"group.id": "billing", "auto.offset.reset": "earliest", "enable.auto.commit": False}


def simulated() -> str:
    body = f"{SCRIPT}\nuse(consumer)"
    source = consuming(body, **{key.replace(".", "_"): value for key, value in CONFIG.items()})
    ran = play(source, holding(partitions=PARTITIONS, t=["a"]), restarts=0)
    assert ran.exit.how == "returned", ran.exit
    return ran.said


def real() -> str:
    said: list[str] = []
    namespace: dict[str, Any] = vars(confluent_kafka) | {
        "print": lambda *values: said.append(" ".join(map(str, values)) + "\n")
    }
    exec(textwrap.dedent(SCRIPT), namespace)
    cluster = confluent_kafka.Producer(
        {"bootstrap.servers": "x:1", "test.mock.num.brokers": 1, "log_level": 0}
    )
    [broker] = cluster.list_topics(timeout=10).brokers.values()
    cluster.produce("t", b"a", partition=0)
    cluster.flush(10)
    address = f"{broker.host}:{broker.port}"
    namespace["use"](
        confluent_kafka.Consumer({**CONFIG, "bootstrap.servers": address, "log_level": 0})
    )
    return "".join(said)


def test_it_says_what_the_real_one_says() -> None:
    # The mock cluster tells leader epochs, of which the simulator's offsets know nothing.
    assert (
        simulated().splitlines()
        == re.sub("leader_epoch=0", "leader_epoch=None", real()).splitlines()
    )
