"""What fetches for a classroom without internet says in a sentence what it lacks."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ackademy.brokers import docker_daemon

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "scripts/offline-images/build"
BASE = ROOT / "scripts/offline-images/base"
WHEELS = ROOT / "scripts/offline-wheels"
JARS = ROOT / "tools/kafka-jars"
INSTALL = ROOT / "tools/install"

# What the scripts themselves are written with.
TOOLS = [
    "bash",
    "cat",
    "cksum",
    "cp",
    "dirname",
    "grep",
    "head",
    "id",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
]
TOOLS += ["rm", "sed", "sh", "tail", "tr", "uname"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with the machine's plain tools and nothing that builds or fetches."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or pytest.skip(f"there is no {tool}"))
    return programs


def stub(path: Path, name: str, script: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


def said(path: Path, *command: object, **environment: str) -> tuple[int, str]:
    """How it ended, and the last line that it said."""
    found = subprocess.run(
        [str(part) for part in command],
        env={"PATH": str(path), "TMPDIR": str(path.parent)} | environment,
        cwd=path.parent,
        capture_output=True,
        text=True,
    )
    return found.returncode, (found.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ([BUILD, "--cache"], "--cache needs a directory, as in: --cache ~/.cache/ackademy"),
        ([BUILD, "--quick"], "there is no option --quick; there is --cache DIR"),
        ([BUILD, "nats"], "there is no image nats; there are redis, rabbitmq, kafka and moto"),
        ([BUILD], "there is no docker command here; install Docker"),
        ([BASE], "give the label of the image, as scripts/offline-images/build does"),
        ([WHEELS], "give the directory that the wheels go to, as in: scripts/offline-wheels"),
        ([WHEELS, "--all"], "there is no option --all; give a directory, as in: "),
        ([WHEELS, "w", "all"], "there is no extra called 'all'; the extras are lab, real, "),
        ([WHEELS, "w"], "python3 cannot make an environment; install its venv module"),
        ([JARS], "give the directory that the jars go to, as in: tools/kafka-jars ~/kafka-jars"),
        ([JARS, "jars"], "there is no Java here; install one, 17 or newer"),
    ],
)
def test_what_is_wrong_or_missing_is_a_sentence(
    path: Path, command: list[object], sentence: str
) -> None:
    code, last = said(path, *command)
    assert code == 1
    assert last.startswith(f"{Path(str(command[0])).relative_to(ROOT)}: {sentence}")


def test_where_no_docker_daemon_answers_nothing_is_built(path: Path) -> None:
    stub(path, "docker", "exit 1")
    code, last = said(path, BUILD)
    assert code == 1
    assert "no Docker daemon answers; start it, or name one that runs in DOCKER_HOST" in last


def test_images_that_are_here_are_not_built_again_and_pulled_ones_stay(path: Path) -> None:
    """The stub has an image without our label: one that was pulled."""
    stub(path, "docker", 'echo "$*" >>asked; case $* in *inspect*) echo;; esac')
    assert said(path, BUILD) == (0, "")
    asked = (path.parent / "asked").read_text()
    assert asked.count("image inspect") == 4
    assert "build" not in asked
    assert "import" not in asked


def test_without_maven_jars_are_not_fetched(path: Path) -> None:
    stub(path, "java", "exit 0")
    code, last = said(path, JARS, "jars")
    assert code == 1
    assert last.startswith("tools/kafka-jars: there is no Maven here; install it")


def test_a_directory_of_something_else_is_left_alone(path: Path) -> None:
    (path.parent / "mine").mkdir()
    (path.parent / "mine" / "thesis.txt").write_text("")
    code, last = said(path, JARS, "mine")
    assert code == 1
    assert "is not empty and was not filled by this script" in last
    assert (path.parent / "mine" / "thesis.txt").exists()


def test_jars_are_fetched_once_and_a_failure_leaves_nothing(path: Path) -> None:
    stub(path, "java", "exit 0")
    stub(path, "mvn", "echo '[ERROR] no route'; exit 1")
    code, last = said(path, JARS, "jars")
    assert code == 1
    assert "Maven could not fetch Kafka 4." in last
    assert sorted(each.name for each in path.parent.iterdir()) == ["bin"]

    kafka = re.search(r"^kafka=(.+)$", JARS.read_text(), re.MULTILINE)
    assert kafka
    stub(
        path,
        "mvn",
        "for each; do case $each in -DoutputDirectory=*) to=${each#*=};; esac; done\n"
        f'mkdir -p "$to"; : >"$to/kafka_2.13-{kafka[1]}.jar"; echo >>calls',
    )
    assert said(path, JARS, "jars") == (0, "")
    assert said(path, JARS, "jars") == (0, "")
    assert (path.parent / "calls").read_text() == "\n"


def test_wheels_that_are_named_and_are_not_there_are_told(path: Path) -> None:
    code, last = said(path, INSTALL, "venv", "lab", ACKADEMY_WHEELS="wheels")
    assert code == 1
    assert re.search(r"ACKADEMY_WHEELS names /.*/wheels, which is no directory", last)


def test_stand_ins_have_the_names_that_the_docker_provider_asks_for() -> None:
    for script in (BUILD, ROOT / "docs/classrooms.md"):
        text = script.read_text()
        assert all(name in text for _, name in docker_daemon.IMAGES.values()), script.name
    assert "kafka=" + docker_daemon.IMAGES["kafka"][1].partition(":")[2] in JARS.read_text()


def test_the_environment_becomes_kafkas_settings_as_in_the_official_image() -> None:
    text = (ROOT / "scripts/offline-images/kafka/run").read_text()
    settings = text[text.index("settings() {") : text.index("settings >")]
    found = subprocess.run(
        ["bash", "-c", settings + "settings"],
        env={
            "PATH": os.environ["PATH"],
            "KAFKA_NODE_ID": "1",
            "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://a:1,BROKER://b:2",
            "KAFKA_A___B__C": "d=e f",
            "KAFKA_HEAP_OPTS": "-Xmx1G",
        },
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(found.stdout.splitlines()) == [
        "a-b_c=d=e f",
        "advertised.listeners=PLAINTEXT://a:1,BROKER://b:2",
        "node.id=1",
    ]
