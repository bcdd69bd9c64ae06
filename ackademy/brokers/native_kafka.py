"""A Kafka of this machine: its jars, from ACKADEMY_KAFKA_JARS or ACKADEMY_KAFKA_HOME, and a JDK."""

import os
import re
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part
from ackademy.brokers.kafka_settings import properties, settings
from ackademy.brokers.waiting import answered, free_port, last_words, until_ended

JARS, HOME = "ACKADEMY_KAFKA_JARS", "ACKADEMY_KAFKA_HOME"

OLDEST_JAVA = 17
"""Kafka 4's brokers need it (KIP-1013)."""

SERVER_JAR = re.compile(r"kafka_2\.\d+-(\d+\.\d+\.\d+[^/]*)\.jar$")

LOGGING = """\
status=off
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%p %m%n
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
"""


@dataclass(frozen=True)
class Server:
    """Java, the directory with Kafka's jars, and the release that they are."""

    java: Path
    jars: Path
    version: str


def program() -> Server:
    """What is needed. NoBroker for what is not there."""
    jars = _jars()
    named = [found for each in jars.iterdir() if (found := SERVER_JAR.search(each.name))]
    if not named:
        raise NoBroker(
            f"{jars} has no kafka_2.13-VERSION.jar; name the directory of Kafka's jars in {JARS}"
        )
    return Server(_java(), jars, named[0][1])


def _jars() -> Path:
    if given := os.environ.get(JARS):
        jars = Path(given).expanduser()
        if not jars.is_dir():
            raise NoBroker(
                f"{JARS} names {jars}, which is no directory; tools/kafka-jars fills one"
            )
        return jars
    if given := os.environ.get(HOME):
        jars = Path(given).expanduser() / "libs"
        if not jars.is_dir():
            raise NoBroker(f"{HOME} names {given}, which has no libs; name a Kafka unpacked there")
        return jars
    raise NoBroker(
        f"no Kafka is known on this machine; name a directory with its jars in {JARS} "
        f"(tools/kafka-jars DIR fills one), or one where Kafka is unpacked in {HOME}"
    )


def _java() -> Path:
    home = os.environ.get("JAVA_HOME")
    in_home = Path(home, "bin", "java") if home else None
    found = in_home if in_home and in_home.is_file() else shutil.which("java")
    remedy = f"install a JDK {OLDEST_JAVA} or newer, or name one in JAVA_HOME"
    if found is None:
        raise NoBroker(f"Kafka needs Java and there is no java on the PATH; {remedy}")
    try:
        said = subprocess.run(
            [found, "-version"], capture_output=True, text=True, timeout=30, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoBroker(f"{found} does not run ({error}); {remedy}") from None
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None:  # macOS has a java that only says where to get one
        raise NoBroker(f"{found} is no Java that runs ({last_words(said)}); {remedy}")
    if int(version[1]) < OLDEST_JAVA:
        raise NoBroker(f"{found} is Java {version[1]} and Kafka 4 needs {OLDEST_JAVA}; {remedy}")
    return Path(found)


def start(part: Part) -> Address:
    """One node that keeps nothing beyond its end."""
    server = program()
    host, port = "127.0.0.1", free_port()
    given = settings(host, (port, free_port(), free_port()), host, port)
    given["log.dirs"] = str(part.directory / "data")
    config, logging = part.directory / "server.properties", part.directory / "log4j2.properties"
    config.write_text(properties(given))
    logging.write_text(LOGGING)
    java: list[str | Path] = [
        server.java, "-Xmx512M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={logging}", "-cp", f"{server.jars}/*",
    ]  # fmt: skip
    cluster = uuid.uuid4().hex[:22]
    formatting = part.start(
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", config]
    )
    until_ended(part, "Kafka's storage tool", formatting)
    part.start([*java, "kafka.Kafka", config])
    version = f"Apache Kafka {server.version}"
    where = f"Kafka {server.version} of {server.jars}, on {host}:{port}"
    address = Address("kafka", "native", version, where, f"{host}:{port}")
    return answered(part, "Kafka", address)
