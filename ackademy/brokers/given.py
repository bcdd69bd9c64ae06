"""What `ackademy.brokers` gives: an object with addresses and credentials for each kind of broker,
the same whatever stands behind it.

Rule: nothing here starts, stops or looks for a broker. The clients' libraries are imported by the
method that needs them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

CREDENTIAL, REGION = "test", "us-east-1"
"""Of the AWS that is none: any will do, but boto3 asks for some."""


@dataclass(frozen=True)
class Address:
    """Where a broker is, in values that go through JSON. `address` is what its clients are given;
    `options` are further settings of Kafka's clients, or the credentials and region for boto3."""

    kind: str
    provider: str
    version: str
    where: str
    address: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Broker:
    """A broker that runs: `version` is what it said it was, `where` is for people. It may be used
    in a ``with``; what this session started ends when all who asked for it have closed it."""

    kind: str
    provider: str
    version: str
    where: str
    _leave: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def close(self) -> None:
        """Not needed any more. Closing it again is no error."""
        self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, kw_only=True)
class Kafka(Broker):
    """A Kafka: `bootstrap_servers` as all its clients take it, ``127.0.0.1:19092``."""

    bootstrap_servers: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def config(self, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new dict for confluent-kafka's clients, with `more` settings in it."""
        return {"bootstrap.servers": self.bootstrap_servers, **self.options, **(more or {})}


@dataclass(frozen=True, kw_only=True)
class RabbitMQ(Broker):
    """A RabbitMQ: `url` has its user, password and virtual host."""

    url: str = field(repr=False)

    def parameters(self) -> Any:
        """Connection parameters for pika, those of its URLParameters."""
        import pika

        return pika.URLParameters(self.url)


@dataclass(frozen=True, kw_only=True)
class Redis(Broker):
    """A Redis: `url` is for ``redis.Redis.from_url``."""

    url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Aws(Broker):
    """SQS and SNS, or something that answers as they do."""

    endpoint_url: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)

    def client(self, service: str, **more: Any) -> Any:
        """A client of boto3, such as ``client("sqs")``; `more` goes to boto3 as well."""
        import boto3

        settings = {
            "endpoint_url": self.endpoint_url,
            "region_name": self.region,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
        }
        return boto3.client(service, **(settings | more))


def broker(address: Address, leave: Callable[[], None] = lambda: None) -> Broker:
    """The object for an address; `leave` is called by the first ``close``."""
    common: dict[str, Any] = {
        "kind": address.kind,
        "provider": address.provider,
        "version": address.version,
        "where": address.where,
        "_leave": leave,
    }
    match address.kind:
        case "kafka":
            return Kafka(bootstrap_servers=address.address, options=dict(address.options), **common)
        case "rabbitmq":
            return RabbitMQ(url=address.address, **common)
        case "redis":
            return Redis(url=address.address, **common)
        case _:
            options = address.options
            return Aws(
                endpoint_url=address.address,
                region=options.get("region", REGION),
                access_key=options.get("access_key", CREDENTIAL),
                secret_key=options.get("secret_key", CREDENTIAL),
                **common,
            )
