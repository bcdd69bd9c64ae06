"""``ackademy doctor`` says what works; releases that are too old; how a Kafka tells its own."""

import json
import socket
import subprocess
import threading

import pytest

from ackademy import cli
from ackademy.brokers import ages, doctor, kafka_release, processes
from ackademy.brokers.given import Address
from tests.ackademy.course import new_course

OLD = "is older than 4.0, from which on the course describes it"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A machine with nothing but the course."""
    root = new_course(tmp_path)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    for name in ("JAVA_HOME", "ACKADEMY_KAFKA_JARS", "ACKADEMY_KAFKA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def quick(monkeypatch):
    """The bundled brokers are taken to work."""
    monkeypatch.setattr(doctor, "_mini", lambda kind: doctor.Finding(True, kind, "works"))


@pytest.mark.parametrize("command", [["doctor"], ["brokers", "doctor"]])
def test_a_machine_with_nothing_but_the_course_can_take_it(course, command, capfd):
    status = cli.main(command)
    out, err = capfd.readouterr()
    assert (status, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    works = [line for line in lines if line.startswith("works ")]
    assert [line.split()[1] for line in works] == [
        "Python", "JupyterLab", "the", "Kafka", "RabbitMQ", "Redis", "SQS",
    ]  # fmt: skip
    assert "works SQS and SNS minibroker 0.1.0, started and asked" in works
    missing = [line for line in lines if line.startswith("not ")]
    assert len(missing) == 9  # four of this machine, Docker, four elsewhere
    assert out.endswith("What does not work is only for its cells on real brokers.\n")


def test_without_the_course_it_ends_with_1(course, quick, monkeypatch, capfd, tmp_path):
    monkeypatch.chdir(tmp_path / "..")
    assert cli.main(["doctor"]) == 1
    assert "\nThe course cannot be taken yet: the folder: " in capfd.readouterr().out


def test_without_a_bundled_broker_it_ends_with_1(course, monkeypatch, capfd):
    found = doctor.Finding(False, "Kafka", "it cannot be had")
    monkeypatch.setattr(doctor, "_mini", lambda kind: found)
    assert cli.main(["doctor"]) == 1
    closing = "\nThe course cannot be taken yet: Kafka: it cannot be had\n"
    assert capfd.readouterr().out.endswith(closing)


def test_a_container_is_not_started_unless_asked(course, monkeypatch):
    started = []
    monkeypatch.setattr(doctor, "_started", lambda *what: started.append(what))
    list(doctor._docker(tries=False))
    list(map(doctor._mini, ["redis"]))
    assert started == [("redis", "mini")]


def test_what_a_killed_keeper_left_is_removed_and_said(course, quick, watch, capfd):
    orphan = subprocess.Popen(["/bin/true"])
    orphan.wait()
    directory = watch.directory / "ackademy-brokers-orphan"
    directory.mkdir()
    record = {"machine": processes.machine(), "keeper": [orphan.pid, "0"], "children": []}
    (directory / "keeper.json").write_text(json.dumps(record))
    assert cli.main(["doctor"]) == 0
    assert capfd.readouterr().out.startswith(f"removed {directory}, which a process that was")


def test_an_external_broker_is_asked(course, quick, monkeypatch, capfd):
    monkeypatch.setenv("ACKADEMY_KAFKA", "127.0.0.1:1")
    assert cli.main(["doctor"]) == 0
    assert "which ACKADEMY_KAFKA names, does not answer" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("version", "is_old"),
    [
        ("RabbitMQ 3.10.8", True), ("RabbitMQ 4.0.5", False), ("Apache Kafka 3.9", True),
        ("Apache Kafka 4.4.0", False), ("Redis 6.0.16", True), ("Redis 8.0.2", False),
        ("minibroker 0.1.0", False), ("moto", False), ("Kafka, which does not tell its", False),
    ],
)  # fmt: skip
def test_a_release_before_those_of_the_course_has_a_note(version, is_old):
    note = ages.note(Address("rabbitmq", "native", version, "", ""))
    assert bool(note) == is_old
    assert not note or note.startswith(f"{version} is older than ")


def response(features):
    """An ApiVersions response of version 3 with these finalized features (KIP-482)."""
    keys = b"\x02" + b"\x00\x12\x00\x00\x00\x03" + b"\x00"
    levels = b"".join(
        bytes([len(name) + 1]) + name.encode() + level.to_bytes(2) * 2 + b"\x00"
        for name, level in features.items()
    )
    finalized = bytes([len(features) + 1]) + levels
    tags = b"\x02" + b"\x01\x08" + b"\xff" * 8 + b"\x02" + bytes([len(finalized)]) + finalized
    return b"\x00\x00\x00\x00" + b"\x00\x00" + keys + b"\x00\x00\x00\x00" + tags


def test_the_features_of_a_kafka_are_read_from_its_answer():
    features = {"group.version": 1, "metadata.version": 33}
    assert kafka_release.finalized(response(features)) == features
    with pytest.raises(OSError, match="does not speak Kafka's protocol"):
        kafka_release.finalized(response(features)[:-4])


def test_what_is_no_kafka_is_said_to_be_none():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(OSError, match="does not speak Kafka's protocol"):
            kafka_release.release("127.0.0.1", server.getsockname()[1], 30)
        thread.join()
