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

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ackademy.brokers.errors import NoBroker
    from ackademy.brokers.given import Aws, Broker, Kafka, RabbitMQ, Redis

__all__ = ["Aws", "Broker", "Kafka", "NoBroker", "RabbitMQ", "Redis"]
__all__ += ["aws", "broker", "fresh", "kafka", "rabbitmq", "redis"]


def kafka(provider: str | None = None) -> "Kafka":
    """A Kafka: `Kafka.bootstrap_servers`, `Kafka.config`."""
    return cast("Kafka", broker("kafka", provider))


def rabbitmq(provider: str | None = None) -> "RabbitMQ":
    """A RabbitMQ: `RabbitMQ.url`, `RabbitMQ.parameters`."""
    return cast("RabbitMQ", broker("rabbitmq", provider))


def redis(provider: str | None = None) -> "Redis":
    """A Redis: `Redis.url`."""
    return cast("Redis", broker("redis", provider))


def aws(provider: str | None = None) -> "Aws":
    """SQS and SNS: `Aws.client`, `Aws.endpoint_url`."""
    return cast("Aws", broker("aws", provider))


def broker(kind: str, provider: str | None = None) -> "Broker":
    """One of ``kafka``, ``rabbitmq``, ``redis``, ``aws`` by its name."""
    from ackademy.brokers.finding import find

    return find(kind, provider)


def __getattr__(name: str) -> Any:
    # Late, so that the command line does not pay for what it seldom needs.
    if name == "NoBroker":
        from ackademy.brokers.errors import NoBroker

        return NoBroker
    if name in __all__:
        from ackademy.brokers import given

        return getattr(given, name)
    raise AttributeError(f"module 'ackademy.brokers' has no attribute {name!r}")


def fresh(name: str) -> str:
    """A name for a topic, queue or group that nobody has used on a broker before: `name` with a few
    random letters behind it."""
    import uuid

    return f"{name}-{uuid.uuid4().hex[:8]}"
