"""Servers of this machine, started for real where they are installed."""

import os
import signal
import sys

import pika
import pytest
import redis

from ackademy import brokers
from ackademy.brokers import holdings, native_aws, native_kafka, native_rabbitmq, native_redis
from ackademy.brokers.kinds import KINDS
from tests.ackademy.brokers.using import a_transaction_is_read
from tests.ackademy.brokers.watching import learner, refuses, says, until, where

PROGRAMS = {
    "kafka": native_kafka.program,
    "rabbitmq": native_rabbitmq.program,
    "redis": native_redis.program,
    "aws": native_aws.program,
}


def needs(kind):
    try:
        PROGRAMS[kind]()
    except brokers.NoBroker as missing:
        pytest.skip(str(missing))


@pytest.mark.broker("native:redis")
def test_a_redis_of_this_machine():
    needs("redis")
    with brokers.redis("native") as found, redis.Redis.from_url(found.url) as client:
        assert found.version.split()[0] in ("Redis", "Valkey")
        assert client.xadd("orders", {"number": 1})
        assert client.config_get("save") == {"save": ""}


@pytest.mark.broker("native:rabbitmq")
def test_a_rabbitmq_of_this_machine():
    needs("rabbitmq")
    with brokers.rabbitmq("native") as found:
        assert found.version.startswith("RabbitMQ ")
        connection = pika.BlockingConnection(found.parameters())
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("orders", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", "orders", b"order-1")
        connection.close()


@pytest.mark.broker("native:kafka")
def test_a_kafka_of_this_machine():
    needs("kafka")
    with brokers.kafka("native") as found:
        version = native_kafka.program().version
        assert found.version == f"Apache Kafka {version}"
        a_transaction_is_read(found)


@pytest.mark.broker("native:kafka")
def test_a_kafka_that_runs_already_tells_its_release_by_its_metadata(monkeypatch):
    needs("kafka")
    with brokers.kafka("native") as found:
        monkeypatch.setenv("ACKADEMY_KAFKA", found.bootstrap_servers)
        release = ".".join(native_kafka.program().version.split(".")[:2])
        assert brokers.kafka().version == f"Apache Kafka {release}"


@pytest.mark.broker("native:aws")
def test_motos_server_of_this_machine():
    needs("aws")
    with brokers.aws("native") as found:
        assert found.version.startswith("moto")
        sqs = found.client("sqs")
        assert sqs.create_queue(QueueName="orders")["QueueUrl"]
        sqs.close()


@pytest.mark.broker("native")
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_learner_leaves_nothing_of_a_server_that_is_up(kind, watch):
    needs(kind)
    with learner("native", kind) as process:
        [address] = where(says(process, "ready"))
        assert len(watch.look()) > 1
        process.send_signal(signal.SIGKILL)
        watch.nothing_is_left()
        assert refuses(address)


@pytest.mark.broker("native")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children by itself")
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_keeper_takes_a_server_along(kind, watch):
    needs(kind)
    brokers.broker(kind, "native")
    watch.look()
    [keeper] = watch.keepers()
    os.kill(keeper, signal.SIGKILL)
    until(lambda: not watch.living(), lambda: f"these still run: {watch.living()}")
    [sentence] = holdings.sweep()
    assert sentence.startswith("removed ")


@pytest.mark.broker("native")
@pytest.mark.parametrize("kind", ["kafka", "rabbitmq"])
def test_a_killed_learner_leaves_nothing_of_a_server_that_starts(kind, watch):
    needs(kind)
    with learner("native", kind) as process:
        says(process, "asks")
        until(lambda: watch.records() and watch.records()[0]["children"], lambda: "none starts")
        watch.look()
        process.send_signal(signal.SIGKILL)
        watch.nothing_is_left()
