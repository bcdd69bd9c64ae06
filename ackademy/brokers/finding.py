"""From a kind and a provider to a broker: the external one, one that stands, or the session's."""

import os

from ackademy.brokers import standing
from ackademy.brokers.choosing import EXTERNAL, provider_of
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Broker, broker
from ackademy.brokers.kinds import KINDS


def find(kind: str, provider: str | None) -> Broker:
    """The broker. NoBroker in a sentence if there is none."""
    if kind not in KINDS:
        raise NoBroker(f"there is no broker {kind!r}; choose one of {', '.join(KINDS)}")
    chosen = provider_of(provider, os.environ)
    if chosen == "external" or (chosen == "auto" and os.environ.get(EXTERNAL[kind])):
        from ackademy.brokers.external import address

        return broker(address(kind, os.environ))
    up = standing.address(kind)
    if up is not None and chosen in ("auto", up.provider):
        return broker(up)
    from ackademy.brokers.session import session

    return session().broker(kind, "mini" if chosen == "auto" else chosen)
