"""The bundled broker: ``python -m minibroker`` with one wire, on a port that is free."""

import re
import sys
from importlib import metadata

from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part
from ackademy.brokers.kinds import TITLES
from ackademy.brokers.waiting import until

WIRES = {"kafka": "kafka", "rabbitmq": "amqp", "redis": "redis", "aws": "aws"}

READY = re.compile(r"^.+ on (\S+); everything is ", re.MULTILINE)


def start(kind: str, part: Part) -> Address:
    """Start one. NoBroker with its own sentence if it cannot begin."""
    part.start([sys.executable, "-P", "-m", "minibroker", f"--{WIRES[kind]}", "0"])
    found = until(part, f"the bundled {TITLES[kind]}", lambda: READY.search(part.said()))
    address = found[1]
    return Address(
        kind,
        "mini",
        f"minibroker {metadata.version('ackademy')}",
        f"the bundled broker, on {address.rpartition('@')[2].removeprefix('http://')}",
        address,
    )
