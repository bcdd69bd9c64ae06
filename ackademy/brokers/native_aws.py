"""SQS and SNS of this machine: moto's server."""

import shutil
from pathlib import Path

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part
from ackademy.brokers.waiting import answered, free_port


def program() -> Path:
    """Where it is. NoBroker if there is none."""
    if found := shutil.which("moto_server"):
        return Path(found)
    raise NoBroker(
        "moto_server is not on the PATH; pip install 'moto[server]', or take another provider"
    )


def start(part: Part) -> Address:
    """One on a port of its own."""
    where, port = program(), free_port()
    part.start([where, "-H", "127.0.0.1", "-p", str(port)])
    address = Address(
        "aws", "native", "", f"{where} on 127.0.0.1:{port}", f"http://127.0.0.1:{port}"
    )
    return answered(part, "moto_server", address)
