"""What a session started ends with it, however it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import redis

from ackademy import brokers
from ackademy.brokers import holdings, processes, session
from ackademy.brokers.kinds import KINDS
from tests.ackademy.brokers.watching import learner, refuses, says, until, where

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children by itself")


def test_a_killed_learner_leaves_no_process_socket_or_directory(watch):
    with learner("mini", *KINDS) as process:
        addresses = where(says(process, "ready"))
        assert len(addresses) == 4
        assert len(watch.look()) == 5  # the keeper and four brokers
        process.send_signal(signal.SIGKILL)
        watch.nothing_is_left()
        assert [each for each in addresses if not refuses(each.rpartition("/")[2] or each)] == []


def test_a_learner_that_ends_in_good_order_has_left_nothing_when_it_is_gone(watch):
    with learner("mini", "redis", then="") as process:
        says(process, "ready")
        watch.look()
        assert process.wait(60) == 0
        assert watch.left() == []
        assert watch.living() == []


def test_a_forked_process_that_lives_on_keeps_no_broker(watch):
    then = "\nimport os, time\nif os.fork() == 0: time.sleep(600)\nprint('forked', flush=True)\n"
    with learner("mini", "redis", then=then + "sys.stdin.read()") as process:
        says(process, "forked")
        watch.look()
        group = process.pid
        try:
            process.send_signal(signal.SIGKILL)
            watch.nothing_is_left()
        finally:
            os.killpg(group, signal.SIGKILL)


def test_a_forked_process_has_brokers_of_its_own(watch):
    then = (
        "\nimport os\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    print('child', brokers.redis().where, flush=True)\n"
        "    from ackademy.brokers import session\n"
        "    session.close()\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "print('parent', brokers.redis().where, flush=True)\n"
    )
    with learner("mini", "redis", then=then) as process:
        lines = says(process, "parent")
        [one] = [line for line in lines if line.startswith("the bundled")]
        [two] = [line for line in lines if line.startswith("child")]
        assert lines[-1] == f"parent {one}"
        assert one not in two
        assert process.wait(60) == 0


def test_ctrl_c_in_a_terminal_does_not_end_the_brokers(watch):
    then = (
        "\ntry:\n    print('reads', flush=True)\n    sys.stdin.read()\nexcept KeyboardInterrupt:\n"
        "    print('again', brokers.redis().where, flush=True)\nsys.stdin.read()\n"
    )
    with learner("mini", "redis", then=then) as process:
        [one] = where(says(process, "reads"))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of its group
        assert where(says(process, "again")) == [one]


def test_ctrl_c_while_a_broker_starts_ends_that_one_and_no_other(watch, tmp_path, monkeypatch):
    slow = tmp_path / "redis-server"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    then = (
        "\ntry:\n    brokers.redis('native')\nexcept KeyboardInterrupt:\n    print('stopped')\n"
        "print('again', brokers.aws().where, brokers.redis().provider, flush=True)\n"
    )
    with learner("mini", "aws", then=then) as process:
        lines = says(process, "ready")
        until(lambda: len(watch.records()[0]["children"]) == 2, lambda: "it does not start")
        watch.look()
        os.killpg(process.pid, signal.SIGINT)
        assert says(process, "again")[-1] == f"again {lines[1]} mini"
        assert process.wait(60) == 0


def test_a_learner_killed_while_a_broker_starts_leaves_nothing(watch, tmp_path, monkeypatch):
    slow = tmp_path / "redis-server"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with learner("native", "redis") as process:
        says(process, "asks")
        until(lambda: watch.records() and watch.records()[0]["children"], lambda: "none starts")
        watch.look()
        process.send_signal(signal.SIGKILL)
        watch.nothing_is_left()


@LINUX
def test_a_killed_keeper_takes_its_brokers_along_and_the_next_one_removes_the_rest(watch):
    found = brokers.redis()
    watch.look()
    [keeper] = watch.keepers()
    os.kill(keeper, signal.SIGKILL)
    until(lambda: not watch.living(), lambda: f"these still run: {watch.living()}")
    [left] = watch.left()
    assert brokers.redis().url != found.url
    assert left not in watch.left()


def test_what_a_killed_keeper_left_is_ended_by_the_sweep_and_what_lives_is_not(watch):
    mine = brokers.redis()
    orphan = subprocess.Popen(["sleep", "600"], start_new_session=True)
    dead = subprocess.Popen(["true"])
    dead.wait()
    directory = watch.directory / "ackademy-brokers-orphan"
    directory.mkdir()
    born = processes.birth(orphan.pid)
    record = {"keeper": [dead.pid, "0"], "children": [[orphan.pid, born], [os.getpid(), "0"]]}
    record["machine"] = "another"
    (directory / "keeper.json").write_text(json.dumps(record))
    assert holdings.sweep() == [], "the ids mean other processes there"
    record["machine"] = processes.machine()
    (directory / "keeper.json").write_text(json.dumps(record))
    [sentence] = holdings.sweep()
    assert sentence.startswith(f"removed {directory}")
    assert orphan.wait(60) == -signal.SIGKILL
    assert not directory.exists()
    with redis.Redis.from_url(mine.url) as client:
        assert client.ping()


@pytest.mark.parametrize("text", ["", "[]", '{"keeper": 7}'])
def test_a_record_that_another_version_wrote_is_left_alone(watch, text):
    directory = watch.directory / "ackademy-brokers-other"
    directory.mkdir()
    (directory / "keeper.json").write_text(text)
    assert holdings.sweep() == []
    shutil.rmtree(directory)


def test_a_directory_that_a_keeper_is_just_making_is_left_alone(watch):
    directory = watch.directory / "ackademy-brokers-new"
    directory.mkdir()
    assert holdings.sweep() == []
    os.utime(directory, (0, time.time() - 2 * holdings.YOUNG))
    assert len(holdings.sweep()) == 1
    assert not directory.exists()


def test_a_keepers_directory_is_private(watch):
    brokers.redis()
    [directory] = watch.directory.iterdir()
    assert directory.stat().st_mode & 0o077 == 0


def test_a_keeper_that_is_gone_is_said_in_a_sentence_and_the_next_call_works(watch, monkeypatch):
    brokers.redis()
    [keeper] = watch.keepers()
    os.kill(keeper, signal.SIGKILL)
    with monkeypatch.context() as patch:
        patch.setattr(session.Line, "is_open", True)  # it dies after we looked
        with pytest.raises(
            brokers.NoBroker, match=r"^the process that keeps the brokers has ended"
        ):
            brokers.redis()
    assert brokers.redis().version
