"""Ask a broker who it is, over its own protocol: the proof that it can be used.

Each function gives a name with a version, such as ``RabbitMQ 4.0.5``, or raises Silent with what
the client's library said.
"""

import logging
import socket
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from ackademy.brokers.given import Address, broker

PATIENCE = 5.0


class Silent(Exception):
    """It does not answer, or not as it should; the text is the end of a sentence."""


def ask(address: Address, patience: float = PATIENCE) -> str:
    """What the broker there says it is. Silent if it says nothing."""
    return _ASK[address.kind](address, patience)


def _kafka(address: Address, patience: float) -> str:
    from ackademy.brokers.kafka_release import release

    if address.options.get("security.protocol", "PLAINTEXT").upper().endswith("SSL"):
        return _kafka_by_client(address, patience)
    trouble: OSError | None = None
    for each in address.address.split(","):
        host, _, port = each.strip().rpartition(":")
        try:
            named = release(host.strip("[]"), int(port), patience)
        except OSError as error:
            trouble = error
        else:
            return named or "Kafka, which does not tell its release"
    raise Silent(str(trouble))


def _kafka_by_client(address: Address, patience: float) -> str:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": address.address,
        **address.options,
        "log_level": 0,
    }
    try:
        AdminClient(settings).list_topics(timeout=patience)
    except KafkaException as error:
        raise Silent(error.args[0].str()) from None
    return "Kafka, which does not tell its release"


def _rabbitmq(address: Address, patience: float) -> str:
    import pika
    from pika.exceptions import AMQPError

    try:
        parameters = pika.URLParameters(address.address)
        # pika tries several addresses and keeps to itself what became of them.
        socket.create_connection((parameters.host, parameters.port), patience).close()
        parameters.connection_attempts = 1
        parameters.socket_timeout = parameters.blocked_connection_timeout = patience
        parameters.stack_timeout = 2 * patience
        quiet = _Quiet("pika")
        with quiet, closing(pika.BlockingConnection(parameters)) as connection:
            said: Mapping[str, Any] = connection._impl.server_properties
    except (AMQPError, OSError, ValueError, TypeError) as error:
        raise Silent(_told(error)) from None
    product, version = (_text(said.get(name, "?")) for name in ("product", "version"))
    if _text(said.get("platform", "")) == "minibroker":
        return f"minibroker, as {product} {version}"
    return f"{product} {version}"


def _redis(address: Address, patience: float) -> str:
    import redis

    client = redis.Redis.from_url(
        address.address, socket_timeout=patience, socket_connect_timeout=patience
    )
    with closing(client):
        try:
            client.ping()
        except (redis.RedisError, OSError) as error:
            raise Silent(_told(error)) from None
        try:
            said: Mapping[str, Any] = client.info("server")
        except redis.RedisError:
            return "Redis, which does not tell its version"
    if "valkey_version" in said:
        return f"Valkey {said['valkey_version']}"
    return f"Redis {said.get('redis_version', '?')}"


def _aws(address: Address, patience: float) -> str:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(
        connect_timeout=patience, read_timeout=patience, retries={"total_max_attempts": 1}
    )
    try:
        with closing(broker(address).client("sqs", config=config)) as sqs:  # type: ignore[attr-defined]
            answer = sqs.list_queues(MaxResults=1)
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        raise Silent(_told(error)) from None
    headers: Mapping[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    server = headers.get("server", "")
    if "Werkzeug" in server:
        return "moto"
    host = urlsplit(address.address).hostname or ""
    return "AWS" if host.endswith(".amazonaws.com") else f"SQS and SNS, as {host} has them"


_ASK = {"kafka": _kafka, "rabbitmq": _rabbitmq, "redis": _redis, "aws": _aws}


class _Quiet:
    """A library's log is silent meanwhile: what went wrong is said once, by us."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def __enter__(self) -> None:
        self._was, self._logger.disabled = self._logger.disabled, True
        self._level = self._logger.level
        self._logger.setLevel(logging.CRITICAL + 1)

    def __exit__(self, *_: object) -> None:
        self._logger.disabled = self._was
        self._logger.setLevel(self._level)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _told(error: Exception) -> str:
    """What an exception says, on one line; its name when it says nothing, as pika's do."""
    said = " ".join(str(error).split())
    cause = next((str(each) for each in getattr(error, "args", ()) if str(each)), "")
    return said or cause or type(error).__name__
