"""A run in which fewer tests of real brokers ran than the machine allows is told, and fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TESTS = """
import pytest

@pytest.mark.broker("docker:redis", "native:redis")
def test_on_redis():
    pass

@pytest.mark.broker("native:kafka")
def test_on_kafka():
    pytest.skip("Kafka sleeps")

@pytest.fixture
def no_rabbit():
    pytest.skip("no rabbit")

@pytest.mark.broker("docker")
@pytest.mark.broker("docker:rabbitmq")
def test_on_rabbitmq(no_rabbit):
    pass

@pytest.mark.broker("docker")
@pytest.mark.parametrize("kind", ["redis", "aws"])
def test_on(kind):
    if kind == "aws":
        pytest.skip("no moto")

def test_on_nothing():
    pass
"""

CONFTEST = """
from tests import brokers_ran

def pytest_collection_modifyitems(items):
    brokers_ran.say_needs(items)

def pytest_configure(config):
    config.addinivalue_line("markers", "broker: as in pyproject.toml")
    brokers_ran.record(config)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of TESTS wrote, in two processes, as `make test` has it."""
    scratch = tmp_path_factory.mktemp("tests")
    (scratch / "test_them.py").write_text(TESTS)
    (scratch / "conftest.py").write_text(CONFTEST)
    ran = scratch / "ran"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-n2", "-p", "no:cacheprovider", "test_them.py"],
        cwd=scratch,
        env=os.environ | {"ACKADEMY_BROKER_TESTS": str(ran), "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    return ran


def broker_tests(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools/broker-tests", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_each_marked_test_is_written_down_once_with_why_it_skipped(written: Path) -> None:
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    assert {line["test"].partition("::")[2]: (line["ran"], line["why"]) for line in lines} == {
        "test_on_redis": (True, ""),
        "test_on_kafka": (False, "Skipped: Kafka sleeps"),
        "test_on_rabbitmq": (False, "Skipped: no rabbit"),
        "test_on[redis]": (True, ""),
        "test_on[aws]": (False, "Skipped: no moto"),
    }
    assert len(lines) == 5


def test_what_ran_on_all_that_is_there_is_well(written: Path) -> None:
    found = broker_tests(written, "docker:redis", "native:redis")
    assert (found.returncode, found.stderr) == (0, "")
    assert "docker:redis: 2 tests ran, 0 skipped" in found.stdout


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (["native:kafka"], "test_on_kafka skipped, though this machine has what it needs: "),
        (["docker", "docker:rabbitmq"], "test_on_rabbitmq skipped, though this machine has"),
        (["docker", "docker:aws"], "test_on[aws] skipped, though this machine has what it needs: "),
        (["native:rabbitmq"], "no test ran on native:rabbitmq, which this machine has"),
    ],
)
def test_what_could_have_run_and_did_not_fails(written: Path, parts: list[str], said: str) -> None:
    found = broker_tests(written, *parts)
    assert found.returncode == 1
    assert said in found.stderr


def test_a_test_that_needs_two_things_may_skip_where_one_is_missing(written: Path) -> None:
    found = broker_tests(written, "docker")
    assert "test_on_rabbitmq" not in found.stderr


def test_a_broker_in_docker_is_docker_too(written: Path) -> None:
    assert broker_tests(written, "docker").returncode == 0


def test_where_no_test_was_marked_what_is_there_was_not_used(tmp_path: Path) -> None:
    assert broker_tests(tmp_path / "ran").returncode == 0
    found = broker_tests(tmp_path / "ran", "docker")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)


def test_a_mark_that_does_not_say_which_broker_is_told(tmp_path: Path) -> None:
    line = {"test": "test_it", "needs": [[]], "ran": True, "why": ""}
    (tmp_path / "ran").write_text(json.dumps(line))
    found = broker_tests(tmp_path / "ran")
    assert found.returncode == 1
    assert "test_it is marked `broker` without saying which" in found.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_it_says_how_it_is_called(arguments: list[str]) -> None:
    found = broker_tests(*arguments)
    assert found.returncode == 2
    assert found.stderr.startswith("tools/broker-tests: give the file")


def test_a_file_of_something_else_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ran").write_text("no JSON\n")
    found = broker_tests(tmp_path / "ran")
    assert (found.returncode, found.stderr.count("\n")) == (2, 1)
