"""The Docker daemon: whether it answers, which images it has, and containers that nobody keeps."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from ackademy.brokers import processes
from ackademy.brokers.errors import NoBroker

IMAGES = {
    "kafka": ("ACKADEMY_KAFKA_IMAGE", "apache/kafka:4.4.0"),
    "rabbitmq": ("ACKADEMY_RABBITMQ_IMAGE", "rabbitmq:4-management"),
    "redis": ("ACKADEMY_REDIS_IMAGE", "redis:8"),
    "aws": ("ACKADEMY_AWS_IMAGE", "motoserver/moto:latest"),
}
"""The image of each kind, and the variable that names another."""

KEEPER, MACHINE = "ackademy.keeper", "ackademy.machine"
"""Labels of our containers: which process keeps it, and where that process is."""

USUAL = "unix:///var/run/docker.sock"

CONFLICT = 409
"""What the daemon answers when a removal is under way already: two keepers may sweep at once."""

SAYS = 2.0
"""Seconds between two lines on a download."""


def image(kind: str) -> str:
    """The image that is meant."""
    variable, usual = IMAGES[kind]
    return os.environ.get(variable) or usual


@contextmanager
def daemon(patience: int = 60) -> Iterator[Any]:
    """A client of docker's own library. NoBroker if Docker cannot be used here."""
    try:
        import docker.errors
        from testcontainers.core.docker_client import DockerClient, get_docker_host
    except ImportError as error:
        raise NoBroker(
            f"the docker provider needs the package {error.name!r}, which is not installed; "
            "pip install 'ackademy[real]', or take another provider"
        ) from None
    try:
        _knock(get_docker_host() or USUAL, patience)
        client = DockerClient(timeout=patience).client
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise NoBroker(_unreachable(error)) from None
    try:
        yield client
    finally:
        client.close()


def _knock(host: str, patience: float) -> None:
    """OSError at once, with its own words, if nobody listens there."""
    parts = urlsplit(host)
    if parts.scheme == "unix":
        with closing(socket.socket(socket.AF_UNIX)) as one:
            one.settimeout(patience)
            one.connect(parts.path)
    elif parts.scheme in ("tcp", "http", "https") and parts.hostname and parts.port:
        socket.create_connection((parts.hostname, parts.port), patience).close()


def _unreachable(error: Exception) -> str:
    where = os.environ.get("DOCKER_HOST") or USUAL
    said = str(error)
    if "Permission" in said:
        return (
            f"Docker runs, but this user may not use it ({where}); add the user to the group "
            "docker and log in again, or take another provider"
        )
    known = ("FileNotFound", "No such file", "refused", "timed out")
    why = "" if any(word in said for word in known) else f", which says {said!r}"
    return f"Docker does not run (asked at {where}{why}); start it, or take another provider"


def has(client: Any, name: str) -> bool:
    """Whether an image is on the machine."""
    import docker.errors

    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        return False
    return True


def pull(client: Any, kind: str, name: str, say: Callable[[str], None]) -> None:
    """Fetch an image, with a line on its progress now and then. NoBroker if it cannot be had."""
    import docker.errors

    say(f"{name} is not on this machine yet; it is being fetched once")
    repository, tag = _parts(name)
    sizes: dict[str, tuple[int, int]] = {}
    told = time.monotonic()
    try:
        for line in client.api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in line:
                raise NoBroker(_not_fetched(kind, name, line["error"]))
            detail = line.get("progressDetail") or {}
            if line.get("status") == "Downloading" and detail.get("total"):
                sizes[line["id"]] = detail["current"], detail["total"]
            elif line.get("status") == "Download complete" and line.get("id") in sizes:
                whole = sizes[line["id"]][1]
                sizes[line["id"]] = whole, whole
            if sizes and time.monotonic() - told > SAYS:
                told = time.monotonic()
                got, whole = (sum(size[which] for size in sizes.values()) for which in (0, 1))
                say(f"{name}: {got / 1e6:,.0f} of {whole / 1e6:,.0f} MB")
    except (docker.errors.DockerException, OSError) as error:
        raise NoBroker(_not_fetched(kind, name, str(error))) from None


def _not_fetched(kind: str, name: str, why: str) -> str:
    variable, _ = IMAGES[kind]
    reason = " ".join(why.split())
    reason = reason if len(reason) < 160 else reason[:157] + "..."
    return (
        f"the image {name} is not on this machine and cannot be fetched ({reason}); go online "
        f"once, build a stand-in with scripts/offline-images, or name another one in {variable}"
    )


def _parts(name: str) -> tuple[str, str]:
    """``host:5000/redis:8`` as repository and tag; a digest stays with the repository."""
    if "@" in name:
        return name, ""
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")


def labels() -> dict[str, str]:
    """Whose container it is: ours."""
    pid = os.getpid()
    return {KEEPER: f"{pid} {processes.birth(pid)}", MACHINE: processes.machine()}


def sweep(client: Any) -> list[str]:
    """Remove containers whose keeper is gone; a sentence for each."""
    done = []
    for container in client.containers.list(
        all=True, ignore_removed=True, filters={"label": f"{MACHINE}={processes.machine()}"}
    ):
        pid, _, born = container.labels.get(KEEPER, "").partition(" ")
        if pid.isdigit() and not processes.is_alive(int(pid), born):
            remove(client, container.name)
            done.append(f"removed the container {container.name}, whose keeper was killed")
    return done


def remove(client: Any, name: str) -> None:
    """Remove a container with its volumes, if it is there and nobody else is just removing it."""
    import docker.errors

    try:
        client.containers.get(name).remove(force=True, v=True)
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as error:
        if error.status_code != CONFLICT:
            raise
