"""``ackademy brokers up``: a keeper for each broker, which stays when this process ends."""

import os
from collections.abc import Iterator, Sequence

from ackademy.brokers import ages, standing
from ackademy.brokers.choosing import provider_of
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.kinds import TITLES
from ackademy.brokers.line import Line, environment


def raise_all(kinds: Sequence[str], provider: str | None) -> Iterator[tuple[bool, str]]:
    """Start brokers beside each other; for each in turn whether it is up, and a sentence. Should
    this end before, those end that are not up yet."""
    chosen = provider_of(provider, os.environ)
    if chosen == "external":
        raise NoBroker("external brokers run already; choose mini, docker or native")
    chosen = "mini" if chosen == "auto" else chosen
    lines: dict[str, Line] = {}
    try:
        for kind in kinds:
            if standing.read(kind) is None:
                lines[kind] = Line("--standing")
                lines[kind].send(
                    id=1, do="start", kind=kind, provider=chosen, environment=environment()
                )
        for kind in kinds:
            if kind not in lines:
                yield _already(kind, chosen)
                continue
            try:
                answer = lines[kind].answer(1)
            except NoBroker as error:
                yield False, f"{TITLES[kind]}: {error}"
            else:
                yield True, line(Address(**answer["up"]))
    finally:
        for each in lines.values():
            each.forget()


def _already(kind: str, chosen: str) -> tuple[bool, str]:
    """For one that is up: all is well if it is of the provider that is asked for."""
    up = standing.address(kind)
    if up is not None and up.provider == chosen:
        return True, line(up)
    return False, standing.is_up(kind)


def line(up: Address) -> str:
    """A broker that is up, for people."""
    note = ages.note(up)
    text = f"{TITLES[up.kind]:<12} {up.address:<46} {up.version} ({up.provider})"
    return f"{text}\n  {note}" if note else text
