"""``ackademy brokers up``, ``down`` and ``status``: brokers that outlive the command."""

import os
import signal
import subprocess
import sys

import pytest
import redis

from ackademy import brokers, cli
from ackademy.brokers import processes, standing
from ackademy.brokers.given import Address
from ackademy.brokers.kinds import KINDS
from tests.ackademy.brokers.watching import until


@pytest.fixture
def ackademy(capfd, watch):
    """Run a command; gives its status, its output and its complaints. What is up ends."""

    def run(*arguments):
        status = cli.main(arguments)
        watch.look()
        return status, *capfd.readouterr()

    yield run
    for kind in KINDS:
        standing.down(kind)


def test_what_is_up_is_used_by_others_until_it_is_down(ackademy, watch):
    status, out, err = ackademy("brokers", "up", "redis", "aws")
    assert (status, err) == (0, "")
    redis_line, aws_line, closing = out.splitlines()
    assert redis_line.startswith("Redis        redis://127.0.0.1:")
    assert redis_line.endswith("minibroker 0.1.0 (mini)")
    assert aws_line.startswith("SQS and SNS  http://127.0.0.1:")
    assert closing.endswith("ackademy brokers down ends them.")

    found = brokers.redis()
    assert found.url in redis_line
    assert found == brokers.redis("mini")
    found.close()
    assert brokers.kafka().provider == "mini"
    with redis.Redis.from_url(found.url) as client:
        assert client.ping(), "closing it does not end it"

    assert ackademy("brokers", "status")[1].splitlines() == [redis_line, aws_line]
    assert ackademy("brokers", "down")[1].splitlines()[:2] == ["Redis: ended", "SQS and SNS: ended"]
    assert ackademy("brokers", "status")[1].startswith("no broker is up; ")
    assert ackademy("brokers", "down", "redis")[1] == "no broker was up\n"
    assert brokers.redis().url != found.url


def test_a_session_that_ends_leaves_what_is_up(ackademy):
    ackademy("brokers", "up", "redis")
    code = "from ackademy import brokers; print(brokers.redis().url)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == brokers.redis().url
    with redis.Redis.from_url(brokers.redis().url) as client:
        assert client.ping()


def test_up_twice_is_all_right_but_not_with_another_provider(ackademy):
    _, one, _ = ackademy("brokers", "up", "redis")
    assert ackademy("brokers", "up", "redis") == (0, one, "")
    status, _, err = ackademy("brokers", "up", "redis", "--provider", "native")
    assert (status, err) == (2, "Redis is up already; ackademy brokers down ends it\n")


def test_one_that_cannot_be_started_does_not_keep_the_others_from_it(ackademy, tmp_path):
    stub = tmp_path / "bin"
    stub.mkdir()
    (stub / "redis-server").write_text("#!/bin/sh\necho 'Fatal: no' >&2\nexit 1\n")
    (stub / "redis-server").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{stub}:{os.environ['PATH']}")
        status, out, err = ackademy("brokers", "up", "redis", "--provider", "native")
    assert (status, out) == (2, "")
    assert err == "Redis: redis-server ended before it was ready; it said: Fatal: no\n"
    assert ackademy("brokers", "up", "redis")[0] == 0


def test_what_is_no_broker_or_provider_is_refused(ackademy):
    assert ackademy("brokers", "up", "nats") == (
        2, "", "ackademy: there is no broker 'nats'; choose from kafka, rabbitmq, redis, aws\n"
    )  # fmt: skip
    status, _, err = ackademy("brokers", "up", "--provider", "external")
    assert (status, err) == (
        2, "ackademy: external brokers run already; choose mini, docker or native\n"
    )  # fmt: skip


def test_one_whose_process_died_is_up_no_longer(ackademy, monkeypatch, watch):
    ackademy("brokers", "up", "redis")
    [record] = watch.records()
    [(pid, born)] = record["children"]
    processes.kill(pid, born)
    until(lambda: standing.read("redis") is None, lambda: "it is still said to be up")


def test_a_keeper_that_was_killed_is_up_no_longer_and_its_file_is_in_nobodys_way(ackademy, watch):
    ackademy("brokers", "up", "redis")
    pid, _ = standing.read("redis").keeper
    os.kill(pid, signal.SIGKILL)
    until(lambda: standing.read("redis") is None, lambda: "it is still said to be up")
    assert ackademy("brokers", "up", "redis")[0] == 0
    assert standing.read("redis").keeper[0] != pid


def test_one_that_hangs_is_said_to_by_status(ackademy, watch):
    ackademy("brokers", "up", "redis")
    [record] = watch.records()
    [(pid, _)] = record["children"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "but it does not answer (" in ackademy("brokers", "status")[1]
    finally:
        os.kill(pid, signal.SIGCONT)


def test_ctrl_c_during_up_leaves_nothing(watch, tmp_path):
    (tmp_path / "redis-server").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "redis-server").chmod(0o755)
    command = [sys.executable, "-m", "ackademy", "brokers", "up", "redis", "--provider", "native"]
    process = subprocess.Popen(
        command, start_new_session=True, env=os.environ | {
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONHASHSEED": "0",
        },
    )  # fmt: skip
    until(lambda: watch.records() and watch.records()[0]["children"], lambda: "it does not start")
    watch.look()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    watch.nothing_is_left()


def test_the_files_are_private(ackademy):
    ackademy("brokers", "up", "redis")
    directory = standing._path("redis").parent
    assert directory.stat().st_mode & 0o777 == 0o700


def test_the_second_of_two_that_start_at_once_gives_way(ackademy):
    ackademy("brokers", "up", "redis")
    with pytest.raises(brokers.NoBroker, match=r"^Redis is up already"):
        standing.write(Address("redis", "mini", "", "", "redis://127.0.0.1:1/0"))
    assert len(os.listdir(standing._path("redis").parent)) == 1
