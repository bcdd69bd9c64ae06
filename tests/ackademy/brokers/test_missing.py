"""Whatever is missing is one sentence that says what to do."""

import os
import re
import sys

import docker.errors
import pytest
import requests

from ackademy import brokers
from ackademy.brokers import docker_daemon, native_kafka, native_rabbitmq, waiting
from ackademy.brokers.holdings import Holdings

JAVA_17 = 'openjdk version "17.0.15" 2025-04-15'
JAVA_8 = 'openjdk version "1.8.0_392"'


@pytest.fixture
def stubs(monkeypatch, tmp_path):
    """A PATH with nothing but what is put there: `stubs("java", "echo ...")`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(native_rabbitmq, "SBIN", ())
    for name in ("JAVA_HOME", "ACKADEMY_KAFKA_JARS", "ACKADEMY_KAFKA_HOME"):
        monkeypatch.delenv(name, raising=False)

    def stub(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return stub


@pytest.fixture
def jars(monkeypatch, tmp_path):
    """A directory that looks like Kafka's jars, named in the environment."""
    folder = tmp_path / "jars"
    folder.mkdir()
    (folder / "kafka_2.13-4.4.0.jar").write_text("")
    monkeypatch.setenv("ACKADEMY_KAFKA_JARS", str(folder))
    return folder


def sentence(kind, provider="native"):
    with pytest.raises(brokers.NoBroker) as raised:
        brokers.broker(kind, provider)
    said = str(raised.value)
    assert "\n" not in said
    assert "Traceback" not in said
    return said


def test_a_program_that_is_not_there(stubs):
    assert sentence("redis").startswith("redis-server is not on the PATH; install Redis (on Debian")
    with pytest.raises(brokers.NoBroker, match=r"^rabbitmq-server is not on the PATH; install Rab"):
        native_rabbitmq.program()
    assert sentence("aws").startswith("moto_server is not on the PATH; pip install 'moto[server]'")


def test_a_valkey_is_a_redis(stubs):
    stubs("valkey-server", "echo 'cannot today' >&2; exit 1")
    said = sentence("redis")
    assert said == "valkey-server ended before it was ready; it said: cannot today"


def test_rabbitmq_without_erlang(stubs):
    stubs("rabbitmq-server", "exit 1")
    assert sentence("rabbitmq") == (
        "RabbitMQ needs Erlang, whose epmd is not on the PATH; install Erlang"
    )


def test_no_kafka_is_known(stubs):
    stubs("java", f"echo '{JAVA_17}' >&2")
    said = sentence("kafka")
    assert said.startswith("no Kafka is known on this machine; name a directory with its jars in ")
    assert "ACKADEMY_KAFKA_JARS (tools/kafka-jars DIR fills one)" in said


def test_kafkas_jars_are_not_where_they_should_be(stubs, jars, monkeypatch):
    stubs("java", f"echo '{JAVA_17}' >&2")
    (jars / "kafka_2.13-4.4.0.jar").unlink()
    assert sentence("kafka").startswith(f"{jars} has no kafka_2.13-VERSION.jar; name the directory")
    monkeypatch.setenv("ACKADEMY_KAFKA_JARS", f"{jars}/none")
    assert sentence("kafka").startswith(f"ACKADEMY_KAFKA_JARS names {jars}/none, which is no direc")
    monkeypatch.delenv("ACKADEMY_KAFKA_JARS")
    monkeypatch.setenv("ACKADEMY_KAFKA_HOME", str(jars))
    assert sentence("kafka").startswith(
        f"ACKADEMY_KAFKA_HOME names {jars}, which has no libs; name"
    )


def test_a_variable_that_is_set_later_is_seen(stubs, jars, monkeypatch):
    monkeypatch.delenv("ACKADEMY_KAFKA_JARS")
    assert sentence("kafka").startswith("no Kafka is known")
    monkeypatch.setenv("ACKADEMY_KAFKA_JARS", os.path.relpath(jars))
    assert sentence("kafka").startswith("Kafka needs Java")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "Kafka needs Java and there is no java on the PATH"),
        (f"echo '{JAVA_8}' >&2", "{java} is Java 8 and Kafka 4 needs 17"),
        ("echo 'Unable to locate a Java Runtime.' >&2; exit 1", "{java} is no Java that runs"),
    ],
)
def test_java_is_missing_or_too_old(stubs, jars, tmp_path, script, said):
    if script:
        stubs("java", script)
    found = sentence("kafka")
    assert found.startswith(said.format(java=tmp_path / "bin" / "java"))
    assert found.endswith("; install a JDK 17 or newer, or name one in JAVA_HOME")


def test_the_java_of_java_home_comes_first(stubs, jars, tmp_path, monkeypatch):
    stubs("java", f"echo '{JAVA_8}' >&2")
    home = tmp_path / "jdk" / "bin"
    home.mkdir(parents=True)
    (home / "java").write_text(f"#!/bin/sh\necho '{JAVA_17}' >&2\n")
    (home / "java").chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    assert native_kafka.program() == native_kafka.Server(home / "java", jars, "4.4.0")


def test_a_kafka_that_fails_says_why(stubs, jars):
    stubs(
        "java",
        f"[ \"$1\" = -version ] && echo '{JAVA_17}' >&2 || echo 'Error: no memory' >&2; exit 1",
    )
    assert sentence("kafka") == "Kafka's storage tool failed; it said: Error: no memory"


def test_a_port_that_is_taken_again_and_again(stubs, tmp_path):
    stubs("redis-server", f"echo x >>{tmp_path}/tries; echo 'bind: Address already in use'; exit 1")
    assert sentence("redis") == (
        "redis-server cannot listen: another program took its port in that moment; try again"
    )
    assert (tmp_path / "tries").read_text().count("x") == 3


def test_a_broker_that_does_not_answer_in_time(tmp_path, watch):
    holdings = Holdings()
    part = holdings.part("redis")
    part.start(["sh", "-c", "echo 'ERROR: thinking'; echo on and on; exec sleep 600"])
    with pytest.raises(brokers.NoBroker) as raised:
        waiting.until(part, "Redis", lambda: None, patience=1)
    assert str(raised.value) == (
        "Redis does not answer after 1 s; end other programs and try again; it said: "
        "ERROR: thinking"
    )
    holdings.close()


def test_docker_does_not_run(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert sentence("redis", "docker") == (
        f"Docker does not run (asked at unix://{tmp_path}/none.sock); start it, or take another "
        "provider"
    )
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert sentence("redis", "docker").startswith("Docker does not run (asked at tcp://127.0.0.1:1")


def test_docker_is_not_for_this_user():
    said = docker_daemon._unreachable(PermissionError(13, "Permission denied"))
    assert re.match("Docker runs, but this user may not use it .* to the group docker", said)


def test_testcontainers_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "docker.errors", None)
    with pytest.raises(brokers.NoBroker) as raised, docker_daemon.daemon():
        raise AssertionError("there is none")
    assert str(raised.value).startswith("the docker provider needs the package ")
    assert "pip install 'ackademy[real]'" in str(raised.value)


# --- a download -------------------------------------------------------------------------------


class Fetching:
    """A daemon's client whose ``api.pull`` tells these lines."""

    def __init__(self, lines):
        self.api = self
        self.lines = lines

    def pull(self, repository, tag, stream, decode):
        self.asked = repository, tag
        return iter(self.lines)


def loading(layer, current, total):
    return {
        "id": layer, "status": "Downloading",
        "progressDetail": {"current": current, "total": total},
    }  # fmt: skip


def test_a_download_tells_how_far_it_is(monkeypatch):
    monkeypatch.setattr(docker_daemon, "SAYS", 0.0)
    client = Fetching(
        [
            {"status": "Pulling from library/redis"},
            loading("a", 1_000_000, 10_000_000),
            loading("b", 5_000_000, 30_000_000),
            {"id": "a", "status": "Download complete"},
        ]
    )
    said = []
    docker_daemon.pull(client, "redis", "redis:8", said.append)
    assert client.asked == ("redis", "8")
    assert said == [
        "redis:8 is not on this machine yet; it is being fetched once",
        "redis:8: 1 of 10 MB",
        "redis:8: 6 of 40 MB",
        "redis:8: 15 of 40 MB",
    ]


def test_a_download_that_fails_half_way_is_a_sentence():
    client = Fetching([loading("a", 1, 2), {"error": "no space left\non device"}])
    with pytest.raises(brokers.NoBroker) as raised:
        docker_daemon.pull(client, "aws", "motoserver/moto:latest", lambda _: None)
    assert str(raised.value) == (
        "the image motoserver/moto:latest is not on this machine and cannot be fetched (no space "
        "left on device); go online once, build a stand-in with scripts/offline-images, or name "
        "another one in ACKADEMY_AWS_IMAGE"
    )


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("redis", ("redis", "latest")),
        ("apache/kafka:4.4.0", ("apache/kafka", "4.4.0")),
        ("localhost:5000/redis", ("localhost:5000/redis", "latest")),
        ("localhost:5000/redis:8", ("localhost:5000/redis", "8")),
        ("redis@sha256:00", ("redis@sha256:00", "")),
    ],
)
def test_an_images_name_is_a_repository_and_a_tag(name, parts):
    assert docker_daemon._parts(name) == parts


class Containers:
    """A daemon that answers a removal with an error."""

    def __init__(self, status):
        response = requests.Response()
        response.status_code = status
        self.error = docker.errors.APIError("not now", response)
        self.containers = self

    def get(self, name):
        return self

    def remove(self, **_):
        raise self.error


def test_a_container_that_another_keeper_is_just_removing_is_no_trouble():
    docker_daemon.remove(Containers(409), "ackademy-redis-1")


def test_a_container_that_cannot_be_removed_is_trouble():
    with pytest.raises(docker.errors.APIError):
        docker_daemon.remove(Containers(500), "ackademy-redis-1")
