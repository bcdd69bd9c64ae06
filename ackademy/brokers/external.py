"""Brokers that run already, by their addresses in the environment.

    ACKADEMY_KAFKA=127.0.0.1:9092,127.0.0.1:9093
    ACKADEMY_KAFKA=kafka://user:password@host:9093?security.protocol=SASL_SSL&sasl.mechanism=PLAIN
    ACKADEMY_AMQP=amqp://guest:guest@127.0.0.1:5672/%2F
    ACKADEMY_REDIS=redis://127.0.0.1:6379/0
    ACKADEMY_AWS=http://127.0.0.1:4566

What follows Kafka's ``?`` are settings of librdkafka's clients. For AWS the credentials and the
region are those of the variables that boto3 reads, where they are set.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from ackademy.brokers.asking import Silent, ask
from ackademy.brokers.choosing import EXTERNAL
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import CREDENTIAL, REGION, Address
from ackademy.brokers.kinds import TITLES

EXAMPLES = {
    "kafka": "127.0.0.1:9092",
    "rabbitmq": "amqp://guest:guest@127.0.0.1:5672/%2F",
    "redis": "redis://127.0.0.1:6379/0",
    "aws": "http://127.0.0.1:4566",
}

SCHEMES = {
    "rabbitmq": ("amqp", "amqps"),
    "redis": ("redis", "rediss", "unix"),
    "aws": ("http", "https"),
}


def address(kind: str, environment: Mapping[str, str]) -> Address:
    """The one that is named, when it has answered. NoBroker if there is none or it does not."""
    found = named(kind, environment)
    try:
        version = ask(found)
    except Silent as silent:
        raise NoBroker(
            f"{TITLES[kind]} on {found.where}, which {EXTERNAL[kind]} names, does not answer "
            f"({silent}); start it, or name another there"
        ) from None
    where = f"{found.where}, which {EXTERNAL[kind]} names"
    return Address(kind, "external", version, where, found.address, found.options)


def named(kind: str, environment: Mapping[str, str]) -> Address:
    """The one that is named, not asked yet; its `where` has no password."""
    variable = EXTERNAL[kind]
    text = environment.get(variable, "").strip()
    if not text:
        raise NoBroker(
            f"{variable} names no {TITLES[kind]} yet; set it to the address of one that runs, such "
            f"as {EXAMPLES[kind]}"
        )
    try:
        if kind == "kafka":
            return _kafka(text)
        parts = urlsplit(text)
        host, port = parts.hostname or parts.path, parts.port
        if parts.scheme not in SCHEMES[kind] or not host:
            raise ValueError(text)
    except ValueError:
        raise NoBroker(
            f"{variable} is no address of {TITLES[kind]}; write it as {EXAMPLES[kind]}"
        ) from None
    where = f"{host}:{port}" if port else host
    options = {}
    if kind == "aws":
        options = {
            "region": environment.get("AWS_REGION")
            or environment.get("AWS_DEFAULT_REGION")
            or REGION,
            "access_key": environment.get("AWS_ACCESS_KEY_ID") or CREDENTIAL,
            "secret_key": environment.get("AWS_SECRET_ACCESS_KEY") or CREDENTIAL,
        }
    return Address(kind, "external", "", where, text, options)


def _kafka(text: str) -> Address:
    """ValueError if it is no list of hosts and ports, with a scheme or without."""
    parts = urlsplit(text if "://" in text else f"kafka://{text}")
    login, at, hosts = parts.netloc.rpartition("@")
    for each in hosts.split(","):
        one = urlsplit(f"//{each.strip()}")
        if not (one.hostname and one.port) or parts.scheme != "kafka":
            raise ValueError(text)
    options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if at:
        user, _, password = login.partition(":")
        options = {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": unquote(user),
            "sasl.password": unquote(password),
        } | options
    return Address("kafka", "external", "", hosts, hosts, options)
