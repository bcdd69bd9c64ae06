"""Each attack is seen to succeed in a plain fork, and then to be refused in a confined one."""

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from graders.sandbox import landlock, seccomp

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has the layers that these attacks are refused by"
)

needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="the kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(
    not (seccomp.available() and seccomp.machine()), reason="no seccomp filter here"
)

ROOT = Path(__file__).resolve().parents[3]
ATTACKS = Path(__file__).with_name("attacks.py")


@dataclass(frozen=True)
class Outcome:
    """How an attack ended: value or error, exit code of the child, what reached stdout."""

    value: object
    error: str | None
    errno: int | None
    text: str
    exit: int
    printed: str


def attempt(attack, *arguments, confined, environment=None, **job):
    """Let a zygote fork a child that attacks."""
    job |= {"attack": attack, "arguments": arguments, "confined": confined}
    done = subprocess.run(
        [sys.executable, str(ATTACKS)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"PYTHONPATH": str(ROOT), **(environment or {})},
    )
    first, *printed, last = done.stdout.splitlines()
    # Zygote and child share this output: the child may have begun before the zygote's line.
    printed.insert(0, first.partition('{"process"')[0])
    answer = json.loads(last)
    return Outcome(
        value=answer.get("value"),
        error=answer.get("error"),
        errno=answer.get("errno"),
        text=answer.get("text", ""),
        exit=answer["exit"],
        printed="".join(printed),
    )


def free(attack, *arguments, **job):
    """The attack in a plain fork, where it must succeed."""
    outcome = attempt(attack, *arguments, confined=False, **job)
    assert (outcome.error, outcome.exit) == (None, 0), outcome
    return outcome.value


def held(attack, *arguments, **job):
    """The attack in a confined fork."""
    return attempt(attack, *arguments, confined=True, **job)


def refused(outcome):
    """Whether the kernel said no and the child lived to tell."""
    return (outcome.error, outcome.exit) == ("PermissionError", 0)


@pytest.fixture
def secret(tmp_path):
    """A file outside everything readable."""
    path = tmp_path / "secret"
    path.write_text("the solution")
    return path


@pytest.fixture
def helper():
    """A process of ours that a learner might signal; it ends when its input is closed."""
    command = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


# Files


@needs_landlock
@pytest.mark.parametrize("path", ["/etc/passwd", str(Path(__file__).resolve())])
def test_a_file_of_the_machine_or_of_the_repository_is_not_read(path):
    assert free("read", path)
    assert refused(held("read", path))


@needs_landlock
def test_a_secret_is_not_read_by_any_way_to_it(secret, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "link").symlink_to(secret)
    readable = [str(library)]
    for attack, path in (
        ("read", secret),
        ("read", library / "link"),
        ("read", library / ".." / "secret"),
        ("read_of_parent", secret),
    ):
        assert free(attack, str(path), readable=readable) == "the solution"
        assert refused(held(attack, str(path), readable=readable)), (attack, path)


@needs_landlock
def test_a_directory_is_listed_only_beneath_the_readable_ones(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "module.py").write_text("")
    assert free("list_directory", str(tmp_path)) == ["library"]
    assert refused(held("list_directory", str(tmp_path), readable=[str(library)]))
    inside = held("list_directory", str(library), readable=[str(library)])
    assert inside.value == ["module.py"]


@needs_landlock
def test_one_file_may_be_given_to_read(secret):
    assert held("read", str(secret), readable=[str(secret)]).value == "the solution"


@pytest.mark.parametrize("without", ["nothing", "ruleset", "filter"])
@pytest.mark.parametrize("attack", ["write", "append", "truncate", "rename"])
def test_a_file_is_not_changed_even_where_it_may_be_read(attack, without, tmp_path):
    path = tmp_path / "file"
    path.write_text("as it was")
    refusal = held(attack, str(path), readable=[str(tmp_path)], without=[without])
    assert refused(refusal), refusal
    assert path.read_text() == "as it was"
    free(attack, str(path))
    assert not path.exists() or path.read_text() != "as it was"


def test_a_new_file_is_not_made(tmp_path):
    assert refused(held("write", str(tmp_path / "held"), readable=[str(tmp_path)]))
    assert not (tmp_path / "held").exists()
    assert free("write", str(tmp_path / "free")) == "overwritten"


@needs_seccomp
def test_the_permissions_of_a_readable_file_are_not_changed(tmp_path):
    path = tmp_path / "module.py"
    path.touch(0o600)
    assert refused(held("change_mode", str(path), readable=[str(tmp_path)]))
    assert path.stat().st_mode & 0o777 == 0o600
    free("change_mode", str(path))
    assert path.stat().st_mode & 0o777 == 0o777


@needs_seccomp
def test_a_file_in_memory_is_not_made():
    assert free("make_memory_file") > 2
    assert refused(held("make_memory_file"))


def test_the_standard_library_can_still_be_imported():
    names = ["decimal", "json", "re", "uuid", "statistics", "sqlite3", "asyncio", "csv"]
    outcome = held("import_modules", *names)
    assert outcome.error is None, outcome
    assert {"decimal", "uuid", "sqlite3"} <= set(outcome.value)


@needs_landlock
def test_the_packages_installed_beside_the_standard_library_are_not_read():
    packages = Path(sysconfig.get_path("stdlib"), "site-packages")
    found = sorted(packages.rglob("*.py")) if packages.is_dir() else []
    if not found:
        pytest.skip("this interpreter has no packages there")
    path = next(str(file) for file in found if file.stat().st_size)
    assert free("read", path)
    assert refused(held("read", path))


def test_a_module_is_found_after_the_finder_has_forgotten_all_it_knew():
    assert held("import_afresh", "colorsys").value == "colorsys"


# Descriptors


@needs_landlock
def test_a_descriptor_of_the_zygote_is_neither_used_nor_opened_again(secret):
    for attack in ("inherited", "reopen"):
        assert free(attack, inherit=str(secret)) == "the solution"
    outcome = held("inherited", inherit=str(secret))
    assert (outcome.error, outcome.errno) == ("OSError", errno.EBADF)
    assert refused(held("reopen", inherit=str(secret)))
    assert free("reopen_own") == ""
    assert refused(held("reopen_own"))


def test_four_descriptors_are_left(secret):
    assert len(free("descriptors", inherit=str(secret))) > 4
    outcome = held("descriptors", inherit=str(secret))
    assert outcome.value[:3] == [0, 1, 2]
    assert len(outcome.value) == 4


def test_a_gibibyte_of_output_goes_nowhere():
    assert len(attempt("shout", 1, confined=False).printed) > 1 << 20
    outcome = held("shout", 1024)
    assert (outcome.value, outcome.printed) == (1024, "")


def test_the_kept_descriptor_still_works():
    assert free("talk") == "heard"
    assert held("talk").value == "heard"


@needs_seccomp
def test_the_parent_is_not_sent_a_descriptor():
    assert free("pass_descriptor") == 1
    assert refused(held("pass_descriptor"))


# Processes


@needs_seccomp
def test_no_process_is_started():
    assert free("fork") == 7
    assert refused(held("fork"))
    assert free("clone3") == 7
    assert held("clone3").errno == errno.ENOSYS
    program = [sys.executable, "-c", "print('ran')"]
    assert free("run", *program) == "ran\n"
    assert refused(held("run", *program))


@pytest.mark.parametrize("without", ["nothing", "ruleset", "filter"])
def test_no_program_takes_the_place_of_the_child(without):
    program = [os.path.realpath(sys.executable), "-c", "print('ran')"]
    readable = [str(Path(program[0]).parent)]
    assert attempt("execute", *program, confined=False).printed == "ran"
    assert refused(held("execute", *program, readable=readable, without=[without]))


@needs_seccomp
def test_no_thread_is_started():
    assert free("thread") == ["hello"]
    outcome = held("thread")
    assert (outcome.error, outcome.exit) == ("RuntimeError", 0)


@pytest.mark.parametrize("without", ["nothing", "ruleset", "filter"])
def test_no_process_is_signalled(helper, without):
    if without == "filter" and landlock.abi() < landlock.SCOPE_ABI:
        pytest.skip("this Landlock does not scope signals")
    for attack, arguments in (
        ("kill_parent", ()),
        ("kill", (helper.pid, 0)),
        ("kill", (helper.pid, signal.SIGTERM)),
    ):
        assert refused(held(attack, *arguments, without=[without]))
    assert helper.poll() is None
    free("kill_parent")
    free("kill", helper.pid, signal.SIGTERM)
    assert helper.wait(10) == -signal.SIGTERM


@needs_seccomp
def test_no_process_is_signalled_by_way_of_a_descriptor_or_rescheduled(helper):
    assert free("own_signals", helper.pid) == helper.pid
    assert refused(held("own_signals", helper.pid))
    free("reschedule_parent")
    assert refused(held("reschedule_parent"))


def test_a_child_dies_with_its_zygote():
    def survives(confined):
        ours, theirs = socket.socketpair()
        job = {"attack": "echo", "confined": confined, "channel": theirs.fileno()}
        with subprocess.Popen(
            [sys.executable, str(ATTACKS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={"PYTHONPATH": str(ROOT)},
        ) as zygote:
            theirs.close()
            zygote.stdin.write(json.dumps(job).encode())
            zygote.stdin.close()
            child = json.loads(zygote.stdout.readline())["process"]
            ours.settimeout(60)
            ours.sendall(b"ready?")
            assert ours.recv(100) == b"ready?"
            zygote.kill()
            zygote.wait()
            watch = os.pidfd_open(child) if confined else None
            if watch is not None:
                assert select.select([watch], [], [], 60)[0]
                os.close(watch)
            try:
                ours.sendall(b"alive?")
                return ours.recv(100) == b"alive?"
            except OSError:
                return False
            finally:
                ours.close()

    assert survives(confined=False)
    assert not survives(confined=True)


@needs_seccomp
def test_a_child_cannot_ask_to_outlive_its_zygote():
    free("undo_death_signal")
    assert refused(held("undo_death_signal"))


# Network


@pytest.mark.parametrize("without", ["nothing", "ruleset", "filter"])
def test_no_server_is_reached_and_none_is_started(without):
    if without == "filter" and landlock.abi() < landlock.NETWORK_ABI:
        pytest.skip("this Landlock does not govern TCP")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert refused(held("connect", port, without=[without]))
        assert refused(held("listen", without=[without]))
        assert not select.select([server], [], [], 0)[0]
        command = [sys.executable, str(ATTACKS)]
        job = {"attack": "connect", "arguments": [port], "confined": False}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}
        ) as zygote:
            zygote.stdin.write(json.dumps(job).encode())
            zygote.stdin.close()
            server.settimeout(60)
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"hello")
            assert json.loads(zygote.stdout.read().splitlines()[-1])["value"] == "hello"
    assert free("listen") == "127.0.0.1"


@needs_seccomp
def test_no_pair_of_sockets_is_made():
    free("socket_pair")
    assert refused(held("socket_pair"))


# Limits


def test_a_memory_bomb_is_a_memory_error():
    size = 600 << 20
    assert free("bomb", size) == size
    outcome = held("bomb", size, memory=512 << 20)
    assert (outcome.error, outcome.exit) == ("MemoryError", 0)


def test_a_busy_loop_is_ended_by_a_signal():
    assert free("spin", 1.1) == 1.1
    assert held("spin", 1.1, cpu=1).exit == -signal.SIGXCPU


@pytest.mark.parametrize("without", ["nothing", "ruleset", "filter"])
def test_limits_are_not_raised(without):
    free("raise_limit")
    outcome = held("raise_limit", without=[without])
    assert (outcome.error, outcome.exit) == ("ValueError", 0)  # Python's word for this EPERM


# Standing


def test_the_environment_is_empty():
    given = {"environment": {"TOKEN": "sesame"}}
    assert free("variable", "TOKEN", **given) == ["sesame", "sesame"]
    assert held("variable", "TOKEN", **given).value == [None, None]


def test_the_child_has_its_own_session_no_directory_and_cannot_be_dumped():
    session_leader, directory, dumpable = free("stand")
    assert (session_leader, directory, dumpable) == (False, os.getcwd(), 1)
    assert held("stand").value == [True, "/", 0]


def test_root_is_left_without_capabilities():
    if os.geteuid() == 0:
        assert any(free("capabilities"))
    assert held("capabilities").value == [0, 0, 0]


# The filter, in the kernel


@needs_seccomp
def test_the_kernel_refuses_every_call_of_the_table():
    assert held("refused_numbers").value == []


@needs_seccomp
def test_calls_later_than_the_tables_are_absent():
    assert held("unknown_call").errno == errno.ENOSYS


@needs_seccomp
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the other entry is x86's")
def test_the_32_bit_entry_kills():
    outcome = attempt("old_entry", confined=False)
    if not outcome.value:
        pytest.skip("this kernel has no 32-bit entry")
    assert held("old_entry").exit == -signal.SIGSYS


# When it cannot be done


def test_a_layer_that_was_announced_and_fails_is_an_error():
    outcome = held("fork", sabotage="ruleset")
    assert outcome.error == "ConfinementError"
    assert "Landlock" in outcome.text
    assert "exit this process" in outcome.text


def test_a_second_thread_is_an_error():
    outcome = held("fork", sabotage="thread")
    assert outcome.error == "ConfinementError"
    assert "2 threads" in outcome.text


def test_standard_output_cannot_be_kept():
    outcome = held("fork", keep=1)
    assert outcome.error == "ConfinementError"
    assert "descriptor 1 cannot be kept" in outcome.text


# How long it takes


def test_confining_takes_little_time(record_property):
    done = subprocess.run(
        [sys.executable, str(ATTACKS), "measure"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    median, least, most = json.loads(done.stdout)
    record_property("apply_ms", median)
    print(f"apply: median {median:.2f} ms, least {least:.2f}, most {most:.2f}")
