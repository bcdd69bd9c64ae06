"""Which provider is meant: the argument, else ``ACKADEMY_BROKERS``, else ``auto``.

``auto`` takes an address from the environment if there is one for this kind, else what ``ackademy
brokers up`` started, else the bundled broker. It never starts anything else: nobody should wait for
a download or a Java that was not asked for.
"""

from collections.abc import Mapping

from ackademy.brokers.errors import NoBroker

VARIABLE = "ACKADEMY_BROKERS"

PROVIDERS = ("mini", "docker", "native", "external")

EXTERNAL = {
    "kafka": "ACKADEMY_KAFKA",
    "rabbitmq": "ACKADEMY_AMQP",
    "redis": "ACKADEMY_REDIS",
    "aws": "ACKADEMY_AWS",
}
"""The variables that name brokers which run already."""


def provider_of(given: str | None, environment: Mapping[str, str]) -> str:
    """One of PROVIDERS or ``auto``. NoBroker for any other name."""
    name = given or environment.get(VARIABLE) or "auto"
    if name in (*PROVIDERS, "auto"):
        return name
    origin = "there is no provider" if given else f"{VARIABLE} is"
    choices = ", ".join(("auto", *PROVIDERS))
    raise NoBroker(f"{origin} {name!r}; choose one of {choices}")
