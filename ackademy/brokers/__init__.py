"""Where a broker comes from: one call, one object with addresses and credentials.

>>> from ackademy import brokers
>>> with brokers.kafka() as kafka:
...     print(kafka.version, kafka.bootstrap_servers)
minibroker 0.1.0 127.0.0.1:43121

`provider` is ``mini`` (the bundled broker), ``docker`` (official images), ``native`` (servers
installed on this machine) or ``external`` (addresses from the environment); if it is not given,
``ACKADEMY_BROKERS`` says, and otherwise what is there (`ackademy.brokers.choosing`). A second call
gives the broker that the first one started. All that was started ends with this process, however
it ends. `NoBroker` is one sentence that says what is missing and what to do.
"""

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Aws, Broker, Kafka, RabbitMQ, Redis

__all__ = ["Aws", "Broker", "Kafka", "NoBroker", "RabbitMQ", "Redis"]
__all__ += ["aws", "broker", "kafka", "rabbitmq", "redis"]


def kafka(provider: str | None = None) -> Kafka:
    """A Kafka: `Kafka.bootstrap_servers`, `Kafka.config`."""
    found = broker("kafka", provider)
    assert isinstance(found, Kafka)
    return found


def rabbitmq(provider: str | None = None) -> RabbitMQ:
    """A RabbitMQ: `RabbitMQ.url`, `RabbitMQ.parameters`."""
    found = broker("rabbitmq", provider)
    assert isinstance(found, RabbitMQ)
    return found


def redis(provider: str | None = None) -> Redis:
    """A Redis: `Redis.url`."""
    found = broker("redis", provider)
    assert isinstance(found, Redis)
    return found


def aws(provider: str | None = None) -> Aws:
    """SQS and SNS: `Aws.client`, `Aws.endpoint_url`."""
    found = broker("aws", provider)
    assert isinstance(found, Aws)
    return found


def broker(kind: str, provider: str | None = None) -> Broker:
    """One of ``kafka``, ``rabbitmq``, ``redis``, ``aws`` by its name."""
    from ackademy.brokers.finding import find

    return find(kind, provider)
