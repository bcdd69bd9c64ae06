"""One call, one object: the bundled broker, and those whose addresses are in the environment."""

import subprocess
import sys

import pika
import pytest
import redis
from confluent_kafka import Consumer, Producer

from ackademy import brokers
from ackademy.brokers import processes, session
from ackademy.brokers.choosing import EXTERNAL
from ackademy.brokers.external import named
from ackademy.brokers.given import broker
from ackademy.brokers.kinds import KINDS
from tests.ackademy.brokers.watching import until

EVERY = pytest.mark.parametrize("kind", KINDS)


def address(found):
    return {
        "kafka": lambda: found.bootstrap_servers,
        "rabbitmq": lambda: found.url,
        "redis": lambda: found.url,
        "aws": lambda: found.endpoint_url,
    }[found.kind]()


@EVERY
def test_the_bundled_broker_is_the_default_and_two_calls_give_the_same(kind):
    one, two = brokers.broker(kind), getattr(brokers, kind)()
    assert one == two
    assert (one.kind, one.provider, one.version) == (kind, "mini", "minibroker 0.1.0")
    assert one.where.startswith("the bundled broker, on ")


def test_a_kafka_takes_and_gives_a_record():
    with brokers.kafka() as kafka:
        producer = Producer(kafka.config())
        producer.produce("orders", b"order-1")
        assert producer.flush(60) == 0
        settings = {"group.id": "billing", "auto.offset.reset": "earliest"}
        consumer = Consumer(kafka.config(settings))
        consumer.subscribe(["orders"])
        assert consumer.poll(60).value() == b"order-1"
        consumer.close()


def test_a_rabbitmq_takes_and_gives_a_message():
    with brokers.rabbitmq() as rabbitmq:
        connection = pika.BlockingConnection(rabbitmq.parameters())
        channel = connection.channel()
        channel.queue_declare("orders", durable=True)
        channel.basic_publish("", "orders", b"order-1")
        _, _, body = channel.basic_get("orders", auto_ack=True)
        assert body == b"order-1"
        connection.close()


def test_a_redis_keeps_a_value():
    with brokers.redis() as found, redis.Redis.from_url(found.url) as client:
        client.set("order-1", "paid")
        assert client.get("order-1") == b"paid"


def test_an_aws_has_queues_and_its_client_takes_boto3s_arguments():
    with brokers.aws() as aws:
        sqs = aws.client("sqs", verify=False)
        queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="order-1")
        [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
        assert message["Body"] == "order-1"
        sqs.close()


def test_a_broker_ends_when_all_who_asked_for_it_have_closed_it():
    one, two = brokers.redis(), brokers.redis()
    client = redis.Redis.from_url(one.url)
    client.set("order-1", "paid")
    one.close()
    one.close()
    assert client.get("order-1") == b"paid"
    two.close()
    client.close()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    assert brokers.redis().url != one.url


def test_a_broker_that_died_is_replaced(watch):
    one = brokers.redis()
    [record] = watch.records()
    [(pid, born)] = record["children"]
    processes.kill(pid, born)
    until(lambda: not processes.is_alive(pid, born), lambda: "it does not die")
    assert brokers.redis().url != one.url


@EVERY
def test_an_external_broker_is_what_its_variable_names_and_stays(kind, monkeypatch):
    mini = brokers.broker(kind)
    monkeypatch.setenv(EXTERNAL[kind], address(mini))
    for found in (brokers.broker(kind), brokers.broker(kind, "external")):
        assert (found.provider, address(found)) == ("external", address(mini))
        assert found.where.endswith(f", which {EXTERNAL[kind]} names")
        found.close()
    assert brokers.broker(kind, "external").version
    assert brokers.broker(kind, "mini") == mini


@EVERY
def test_an_external_broker_that_does_not_answer_is_a_sentence(kind, monkeypatch):
    nowhere = {"kafka": "127.0.0.1:1", "rabbitmq": "amqp://a:secret@127.0.0.1:1"}
    nowhere |= {"redis": "redis://:secret@127.0.0.1:1/0", "aws": "http://127.0.0.1:1"}
    monkeypatch.setenv(EXTERNAL[kind], nowhere[kind])
    with pytest.raises(brokers.NoBroker) as raised:
        brokers.broker(kind)
    said = str(raised.value)
    assert f"127.0.0.1:1, which {EXTERNAL[kind]} names, does not answer" in said
    assert said.endswith("start it, or name another there")
    assert "secret" not in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("kafka", "localhost"),
        ("kafka", "http://localhost:9092"),
        ("kafka", "localhost:port"),
        ("rabbitmq", "localhost:5672"),
        ("redis", "http://localhost"),
        ("aws", "localhost:4566"),
        ("aws", ""),
    ],
)
def test_what_is_no_address_is_a_sentence_with_an_example(kind, text, monkeypatch):
    monkeypatch.setenv(EXTERNAL[kind], text)
    with pytest.raises(brokers.NoBroker, match=f"^{EXTERNAL[kind]} .*(write it as|such as) "):
        brokers.broker(kind, "external")


def test_kafkas_address_may_have_a_user_and_settings(monkeypatch):
    text = "kafka://ada:p%40ss@one:9092,two:9093?security.protocol=SASL_SSL"
    found = broker(named("kafka", {"ACKADEMY_KAFKA": text}))
    assert found.config({"group.id": "billing"}) == {
        "bootstrap.servers": "one:9092,two:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "ada",
        "sasl.password": "p@ss",
        "group.id": "billing",
    }
    assert "p@ss" not in repr(found)


def test_aws_has_the_credentials_of_boto3s_variables(monkeypatch):
    given = {"ACKADEMY_AWS": "http://one:4566", "AWS_REGION": "eu-north-1"}
    found = broker(named("aws", given | {"AWS_SECRET_ACCESS_KEY": "hidden"}))
    assert (found.region, found.access_key, found.secret_key) == ("eu-north-1", "test", "hidden")
    assert "hidden" not in repr(found)


def test_the_variable_chooses_and_the_argument_is_stronger(monkeypatch):
    monkeypatch.setenv("ACKADEMY_BROKERS", "external")
    with pytest.raises(brokers.NoBroker, match=r"^ACKADEMY_REDIS names no Redis yet"):
        brokers.redis()
    assert brokers.redis("mini").provider == "mini"


def test_what_is_no_provider_or_kind_is_a_sentence(monkeypatch):
    with pytest.raises(brokers.NoBroker, match=r"^there is no provider 'moon'; choose one of auto"):
        brokers.redis("moon")
    monkeypatch.setenv("ACKADEMY_BROKERS", "sun")
    with pytest.raises(brokers.NoBroker, match=r"^ACKADEMY_BROKERS is 'sun'; choose one of auto"):
        brokers.redis()
    with pytest.raises(brokers.NoBroker, match=r"^there is no broker 'nats'; choose one of kafka"):
        brokers.broker("nats")


def test_in_a_notebook_the_sentence_is_all_that_is_shown():
    error = brokers.NoBroker("there is none")
    assert error._render_traceback_() == ["NoBroker: there is none"]


def test_importing_the_command_or_the_package_costs_no_client():
    code = "import ackademy.cli, ackademy.brokers, sys; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"boto3", "redis", "docker", "testcontainers", "ackademy.brokers.session"}
    heavy |= {"ackademy.brokers.given", "ackademy.brokers.doctor"}
    assert not heavy & set(said)


def test_the_session_may_be_closed_and_the_next_call_begins_a_new_one():
    one = brokers.redis()
    session.close()
    one.close()
    assert brokers.redis().url != one.url
