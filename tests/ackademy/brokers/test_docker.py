"""The official images, or their stand-ins, where a Docker daemon answers and has them."""

import os
import signal

import pytest

from ackademy import brokers
from ackademy.brokers import docker_daemon, session
from ackademy.brokers.kinds import KINDS
from tests.ackademy.brokers.using import a_transaction_is_read
from tests.ackademy.brokers.watching import learner, refuses, says, until, where


@pytest.fixture
def daemon():
    try:
        with docker_daemon.daemon(patience=10) as client:
            yield client
    except brokers.NoBroker as missing:
        pytest.skip(str(missing))


def needs(client, kind):
    name = docker_daemon.image(kind)
    if not docker_daemon.has(client, name):
        pytest.skip(f"the image {name} is not on this machine; scripts/offline-images builds one")


def ours(client, watch):
    """The names of containers whose keeper came from this test."""
    keepers = {f"{pid} {born}" for pid, born in watch.look()}
    labelled = client.containers.list(all=True, filters={"label": docker_daemon.KEEPER})
    return {each.name for each in labelled if each.labels[docker_daemon.KEEPER] in keepers}


VERSIONS = {
    "kafka": "Apache Kafka 4.",
    "rabbitmq": "RabbitMQ 4.",
    "redis": "Redis ",
    "aws": "moto ",
}


@pytest.mark.broker("docker")
@pytest.mark.parametrize("kind", KINDS)
def test_a_container_is_a_broker_until_it_is_closed(kind, daemon, watch):
    needs(daemon, kind)
    with brokers.broker(kind, "docker") as found:
        assert found.version.startswith(VERSIONS[kind])
        assert docker_daemon.image(kind) in found.where
        [name] = ours(daemon, watch)
        assert found == brokers.broker(kind, "docker")
        assert ours(daemon, watch) == {name}
    session.close()
    assert ours(daemon, watch) == set()


@pytest.mark.broker("docker:kafka")
def test_clients_of_a_kafka_in_a_container_are_told_an_address_that_they_reach(daemon):
    needs(daemon, "kafka")
    with brokers.kafka("docker") as found:
        a_transaction_is_read(found)


@pytest.mark.broker("docker:redis")
def test_a_killed_learner_leaves_no_container(daemon, watch):
    needs(daemon, "redis")
    with learner("docker", "redis") as process:
        [address] = where(says(process, "ready"))
        assert len(ours(daemon, watch)) == 1
        process.send_signal(signal.SIGKILL)
        watch.nothing_is_left()
        assert ours(daemon, watch) == set()
        assert refuses(address)


@pytest.mark.broker("docker:redis")
def test_a_container_of_a_killed_keeper_is_removed_by_the_next_start(daemon, watch):
    needs(daemon, "redis")
    brokers.redis("docker")
    [orphan] = ours(daemon, watch)
    os.kill(watch.keepers()[0], signal.SIGKILL)
    # As its parent sees it, which is later: a process looks dead while its threads still end.
    until(lambda: not session._session.line.is_open, lambda: "the keeper lives on")
    brokers.redis("docker")
    [name] = ours(daemon, watch)
    assert name != orphan


@pytest.mark.broker("docker:redis")
def test_a_container_that_somebody_removed_is_replaced(daemon, watch):
    needs(daemon, "redis")
    one = brokers.redis("docker")
    [name] = ours(daemon, watch)
    docker_daemon.remove(daemon, name)
    assert brokers.redis("docker").url != one.url


@pytest.mark.broker("docker")
def test_an_image_that_cannot_be_fetched_is_a_sentence(daemon, monkeypatch, capfd):
    monkeypatch.setenv("ACKADEMY_REDIS_IMAGE", "localhost:1/redis:none")
    with pytest.raises(brokers.NoBroker) as raised:
        brokers.redis("docker")
    said = str(raised.value)
    assert said.startswith("the image localhost:1/redis:none is not on this machine and cannot be ")
    assert said.endswith("or name another one in ACKADEMY_REDIS_IMAGE")
    assert "localhost:1/redis:none is not on this machine yet" in capfd.readouterr().err
