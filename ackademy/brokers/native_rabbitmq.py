"""A RabbitMQ of this machine, on ports, in a directory and with an epmd of its own (RabbitMQ,
"Configuration": environment variables)."""

import os
import pwd
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part
from ackademy.brokers.waiting import answered, free_port

PLACES = ("/usr/lib/rabbitmq/bin/rabbitmq-server",)
"""Where packages have the server itself; what they put on the PATH starts it as a service does,
under another user."""

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/sbin")
"""Not on everybody's PATH."""

VERSION = re.compile(r"rabbitmq(?:_server)?[-/](\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Server:
    """Its program and that of Erlang's port mapper; the version as its path tells it."""

    program: Path
    epmd: Path
    version: str | None


def program() -> Server:
    """What is needed. NoBroker for what is not there."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SBIN))
    on_path = shutil.which("rabbitmq-server", path=path)
    packaged = [place for place in PLACES if on_path and Path(place).exists()]
    if not on_path:
        raise NoBroker(
            "rabbitmq-server is not on the PATH; install RabbitMQ (on Debian or Ubuntu the package "
            "rabbitmq-server, with Homebrew rabbitmq), or take another provider"
        )
    epmd = shutil.which("epmd", path=path)
    if epmd is None:
        raise NoBroker("RabbitMQ needs Erlang, whose epmd is not on the PATH; install Erlang")
    found = Path((packaged or [on_path])[0])
    version = VERSION.search(str(found.resolve()))
    return Server(found, Path(epmd), version[1] if version else None)


def start(part: Part) -> Address:
    """One that keeps nothing beyond its end."""
    server = program()
    port, distribution, mapper = free_port(), free_port(), free_port()
    directory = part.directory
    (directory / "rabbitmq.conf").write_text("")
    (directory / "plugins").write_text("[].")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")},
        "HOME": str(directory),  # with Erlang's cookie
        "RABBITMQ_NODENAME": f"ackademy{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "logs"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        # Its script then becomes the server instead of waiting for it, so that there is one process
        # to end.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
    user = _user(part)
    part.start([server.epmd], environment, user)
    part.start([server.program], environment, user)
    address = Address(
        "rabbitmq",
        "native",
        "",
        f"{server.program} on 127.0.0.1:{port}",
        f"amqp://guest:guest@127.0.0.1:{port}/%2F",
    )
    return answered(part, "RabbitMQ", address)


def _user(part: Part) -> tuple[int, int] | None:
    """Whose process it is, when we are root: its own user's, and so is its directory; but not where
    a directory above keeps everybody else out."""
    above = list(part.directory.parents)[1:]
    if os.geteuid() != 0 or not all(each.stat().st_mode & 0o001 for each in above):
        return None
    try:
        account = pwd.getpwnam("rabbitmq")
    except KeyError:
        return None
    part.hand_over(account.pw_uid, account.pw_gid)
    return account.pw_uid, account.pw_gid
