"""``ackademy doctor``: what of the course will work on this machine, tried and not guessed.

The bundled brokers and a Redis of this machine are started, as that takes a second; of the others
it is looked whether all that they need is there, unless ``--try`` asks for more.
"""

import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from ackademy.brokers import ages, docker_daemon
from ackademy.brokers.choosing import EXTERNAL
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.kinds import KINDS, TITLES
from ackademy.brokers.session import session
from ackademy.brokers.sweeping import sweep_everything
from ackademy.cells import CannotDo

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """Whether something works, and a sentence on it."""

    works: bool
    what: str
    sentence: str

    def __str__(self) -> str:
        mark = "works" if self.works else "not"
        return f"  {mark:<6} {self.what:<22} {self.sentence}"


def examine(tries: bool, say: Callable[[str], None]) -> int:
    """Say what works, line by line; 0 if the course can be taken, 1 if not."""
    for sentence in sweep_everything():
        say(sentence)
    needed = []
    for title, findings, is_needed in (
        ("The course", _course(), True),
        ("The bundled brokers (mini)", map(_mini, KINDS), True),
        ("Servers of this machine (native)", (_native(kind, tries) for kind in KINDS), False),
        ("Containers (docker)", _docker(tries), False),
        ("Brokers elsewhere (external)", map(_external, KINDS), False),
    ):
        say(title)
        for finding in findings:
            say(str(finding))
            if is_needed:
                needed.append(finding)
    missing = [finding for finding in needed if not finding.works]
    if missing:
        say(f"\nThe course cannot be taken yet: {missing[0].what}: {missing[0].sentence}")
        return 1
    say("\nThe course can be taken here. What does not work is only for its cells on real brokers.")
    return 0


def _course() -> Iterator[Finding]:
    version = platform.python_version()
    yield Finding(sys.version_info >= OLDEST_PYTHON, "Python", f"{version}, {sys.executable}")
    lab = importlib.util.find_spec("jupyterlab") is not None
    yield Finding(
        lab, "JupyterLab", "installed" if lab else "not installed; make lab, in the course's folder"
    )
    yield _folder()


def _folder() -> Finding:
    from ackademy.cells import course_root

    try:
        root = course_root()
    except CannotDo as error:
        return Finding(False, "the folder", str(error))
    if not os.access(root, os.W_OK):
        return Finding(
            False, "the folder", f"{root} cannot be written to; copy it where you may write"
        )
    return Finding(True, "the folder", str(root))


def _mini(kind: str) -> Finding:
    return _started(kind, "mini")


def _native(kind: str, tries: bool) -> Finding:
    try:
        program = import_module(f"ackademy.brokers.native_{kind}").program()
    except NoBroker as error:
        return Finding(False, TITLES[kind], str(error))
    if tries or kind == "redis":
        return _started(kind, "native")
    version = getattr(program, "version", None)
    found = Address(kind, "native", f"{_NAMES[kind]} {version}" if version else "", "", "")
    return Finding(True, TITLES[kind], _with_note(found, f"{found.version or program} is there"))


_NAMES = {"kafka": "Apache Kafka", "rabbitmq": "RabbitMQ"}


def _docker(tries: bool) -> Iterator[Finding]:
    try:
        with docker_daemon.daemon(patience=10) as client:
            there = {kind: docker_daemon.has(client, docker_daemon.image(kind)) for kind in KINDS}
            version = client.version()["Version"]
    except NoBroker as error:
        yield Finding(False, "Docker", str(error))
        return
    yield Finding(True, "Docker", f"{version} runs")
    for kind in KINDS:
        image = docker_daemon.image(kind)
        if not there[kind]:
            yield Finding(
                False,
                TITLES[kind],
                f"the image {image} is not on this machine; its first use fetches it, or docker "
                f"pull {image} now",
            )
        elif tries:
            yield _started(kind, "docker")
        else:
            yield Finding(True, TITLES[kind], f"the image {image} is there")


def _external(kind: str) -> Finding:
    from ackademy.brokers.external import address

    if not os.environ.get(EXTERNAL[kind]):
        return Finding(False, TITLES[kind], f"{EXTERNAL[kind]} names none")
    try:
        found = address(kind, os.environ)
    except NoBroker as error:
        return Finding(False, TITLES[kind], str(error))
    return Finding(True, TITLES[kind], _with_note(found, f"{found.version} at {found.where}"))


def _started(kind: str, provider: str) -> Finding:
    """Start one and end it."""
    from ackademy.brokers.asking import Silent, ask

    try:
        with session().address(kind, provider) as found:
            ask(found)
    except NoBroker as error:
        return Finding(False, TITLES[kind], str(error))
    except Silent as silent:
        return Finding(False, TITLES[kind], f"it starts, but does not answer: {silent}")
    return Finding(True, TITLES[kind], _with_note(found, f"{found.version}, started and asked"))


def _with_note(found: Address, sentence: str) -> str:
    note = ages.note(found)
    return f"{sentence}; but {note}" if note else sentence
