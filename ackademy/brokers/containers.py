"""The docker provider: an official image in a container, started by testcontainers.

Ports are published on loopback, where the daemon is on this machine. Where it is not, or where we
are in a container ourselves, testcontainers knows the address.
"""

import os
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from ackademy.brokers import docker_daemon
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part
from ackademy.brokers.kafka_settings import settings, variables
from ackademy.brokers.processes import undisturbed
from ackademy.brokers.waiting import PortTaken, answered, free_port, listens

LOOPBACK = "127.0.0.1"

BROKER, CONTROLLER = 9094, 9093
"""Where Kafka talks to itself, inside its container."""


@dataclass(frozen=True)
class Recipe:
    """How an image is run: the port that it listens on, its environment, how its address is
    written, and a command that tells its version where the broker does not."""

    port: int
    address: str
    variables: Mapping[str, str] = field(default_factory=dict)
    version: tuple[str, ...] = ()
    named: str = ""


RECIPES = {
    "kafka": Recipe(
        9092,
        "{}:{}",
        version=("sh", "-c", "ls /opt/kafka/libs"),
        named=r"kafka_2\.\d+-(\d+\.\d+\.\d+)\.jar",
    ),
    "rabbitmq": Recipe(
        5672,
        "amqp://guest:guest@{}:{}/%2F",
        {
            "RABBITMQ_DEFAULT_USER": "guest",
            "RABBITMQ_DEFAULT_PASS": "guest",
            # Or Erlang sizes a table by the limit of open files, a billion with some daemons.
            "ERL_MAX_PORTS": "65536",
        },
    ),
    "redis": Recipe(6379, "redis://{}:{}/0"),
    "aws": Recipe(
        5000,
        "http://{}:{}",
        version=("python3", "-c", "from importlib.metadata import version; print(version('moto'))"),
        named=r"(\d+\.\d+\.\d+)",
    ),
}

NAMES = {"kafka": "Apache Kafka", "aws": "moto"}


def start(kind: str, part: Part, say: Callable[[str], None]) -> Address:
    """One in a container of its own. NoBroker for what is missing."""
    image = docker_daemon.image(kind)
    with ExitStack() as stack:
        client = stack.enter_context(docker_daemon.daemon())
        docker_daemon.sweep(client)
        if not docker_daemon.has(client, image):
            docker_daemon.pull(client, kind, image, say)
        _reaper(client)
        # The daemon's client is needed until the container is removed.
        part.undo.append(stack.pop_all().close)
    say(f"{image} is starting")
    container, host, port = _run(kind, part, client, image)
    recipe = RECIPES[kind]
    address = Address(
        kind,
        "docker",
        _version(kind, container),
        f"a container of {image}, on {host}:{port}",
        recipe.address.format(host, port),
    )
    return answered(part, f"the container of {image}", address)


def _run(kind: str, part: Part, client: Any, image: str) -> tuple[Any, str, int]:
    """The container, and where its port is reached."""
    local = _is_local()
    container = _create(kind, part, client, image, LOOPBACK if local else None, None)
    host, port = LOOPBACK, int(container.get_exposed_port(RECIPES[kind].port))
    if local and listens(host, port):
        return container, host, port
    host = container.get_container_host_ip()
    if kind != "kafka" and not local:
        return container, host, port
    # Published for everybody now, since loopback here is not the daemon's; and Kafka tells its
    # clients where it is.
    docker_daemon.remove(client, container.get_wrapped_container().name)
    container = _create(kind, part, client, image, None, host)
    return container, host, int(container.get_exposed_port(RECIPES[kind].port))


def _create(
    kind: str, part: Part, client: Any, image: str, bind: str | None, advertised: str | None
) -> Any:
    import docker.errors
    from testcontainers.core.container import DockerContainer

    recipe, name, port = RECIPES[kind], f"ackademy-{kind}-{uuid.uuid4().hex[:8]}", free_port()
    given = dict(recipe.variables)
    if kind == "kafka":
        host = advertised or bind or LOOPBACK
        given |= variables(settings("0.0.0.0", (recipe.port, BROKER, CONTROLLER), host, port))
        given["KAFKA_HEAP_OPTS"] = "-Xmx512M"
    container = DockerContainer(image, env=given, name=name)
    ports: dict[str, Any] = container.ports
    ports[f"{recipe.port}/tcp"] = (bind, port) if bind else port
    container.with_kwargs(labels=docker_daemon.labels())
    part.undo.append(lambda: docker_daemon.remove(client, name))
    part.runs = lambda: _status(client, name) in ("created", "running")
    part.said = lambda: _logs(client, name)
    try:
        with undisturbed():  # or there would be one of which we do not know
            container.start()
    except docker.errors.APIError as error:
        said = error.explanation or str(error)
        if "already allocated" in said or "already in use" in said:
            raise PortTaken(
                f"Docker cannot publish port {port}, which is taken; try again"
            ) from None
        raise NoBroker(
            f"Docker cannot start {image}: {said}; see what docker ps -a shows"
        ) from None
    return container


def _is_local() -> bool:
    """Whether the daemon is reached through a socket of this machine, or on loopback."""
    from testcontainers.core.docker_client import get_docker_host

    if os.environ.get("TC_HOST") or os.environ.get("TESTCONTAINERS_HOST_OVERRIDE"):
        return False
    host = get_docker_host() or "unix://"
    return bool(re.match(r"unix://|npipe://|(tcp|http)://(127\.0\.0\.1|localhost)\b", host))


def _reaper(client: Any) -> None:
    """Testcontainers' reaper removes containers as soon as a keeper is killed; where its image is
    not there it would have to be fetched, and the next start or ``ackademy doctor`` does it."""
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import Reaper

    if testcontainers_config.ryuk_disabled:
        return
    if docker_daemon.has(client, testcontainers_config.ryuk_image):
        try:
            Reaper.get_instance()
            return
        except Exception:  # whatever it needs of the daemon: we can do without
            Reaper.delete_instance()
    testcontainers_config.ryuk_disabled = True


def _version(kind: str, container: Any) -> str:
    """By a command in the container; empty where the broker tells it."""
    recipe = RECIPES[kind]
    if recipe.version:
        said = container.exec(list(recipe.version))
        if said.exit_code == 0 and (found := re.search(recipe.named, said.output.decode())):
            return f"{NAMES[kind]} {found[1]}"
    return ""


def _status(client: Any, name: str) -> str:
    import docker.errors

    try:
        status: str = client.containers.get(name).status
    except docker.errors.NotFound:
        return "gone"
    return status


def _logs(client: Any, name: str) -> str:
    import docker.errors

    try:
        said: bytes = client.containers.get(name).logs(tail=200)
    except docker.errors.APIError:
        return ""
    return said.decode(errors="replace")
