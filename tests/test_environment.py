"""The descriptions of the environment agree: pyproject.toml, constraints.txt, environment.yml.

pyproject.toml says what is needed, constraints.txt at which versions, and environment.yml only how
conda gets there. Each check is a function over texts that returns what is wrong, so that it is
tried on a text that is wrong, too.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")

MINORS = [f"3.{minor}" for minor in range(30)]
PIN = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.+!]*( ; [a-z_<>=!'0-9.A-Z ()]+)?")


def dependencies(pyproject: str) -> list[Requirement]:
    """What the project and all its extras need, without the extras' references to each other."""
    project = tomllib.loads(pyproject)["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    needed = [Requirement(line) for lines in lists for line in lines]
    return [need for need in needed if need.name != project["name"]]


def pins(constraints: str) -> dict[str, set[str]]:
    """The versions that each package is pinned to, more than one where the Python decides."""
    pinned: dict[str, set[str]] = {}
    for line in constraints.splitlines():
        requirement = Requirement(line)
        versions = {specifier.version for specifier in requirement.specifier}
        pinned.setdefault(canonicalize_name(requirement.name), set()).update(versions)
    return pinned


def unpinned(pyproject: str, constraints: str) -> list[str]:
    """The dependencies without a pin that they accept."""
    pinned = pins(constraints)
    return [
        str(need)
        for need in dependencies(pyproject)
        if not any(
            need.specifier.contains(version)
            for version in pinned.get(canonicalize_name(need.name), ())
        )
    ]


def not_a_pin(constraints: str) -> list[str]:
    """The lines that are not just a name, a version and perhaps a marker: addresses, for one."""
    return [line for line in constraints.splitlines() if not PIN.fullmatch(line)]


def wrong_in_environment(environment: str, pyproject: str) -> list[str]:
    """Where environment.yml says something else than pyproject.toml, a sentence each."""
    described = yaml.safe_load(environment)
    project = tomllib.loads(pyproject)["project"]
    wrong = []

    if described["name"] != project["name"]:
        wrong.append(f"it is called {described['name']}, the project {project['name']}")

    from_pip: list[str] = []
    from_conda: list[str] = []
    for entry in described["dependencies"]:
        from_pip.extend(entry["pip"]) if isinstance(entry, dict) else from_conda.append(entry)

    named = {Requirement(entry).name: Requirement(entry).specifier for entry in from_conda}
    if set(named) != {"python", "pip"}:
        wrong.append(f"conda is to install {sorted(named)}, where pip and python are enough")
    wrong.extend(wrong_python(named.get("python", SpecifierSet()), project))

    extra = everything(project)
    wanted = ["-c constraints.txt", f"-e .[{extra}]"]
    if from_pip != wanted:
        wrong.append(f"pip is to install {from_pip}, where it is {wanted}")
    return wrong


def wrong_python(offered: SpecifierSet, project: dict[str, Any]) -> list[str]:
    """The Pythons offered must begin where requires-python does and be those of the classifiers."""
    lower = SpecifierSet(project["requires-python"])
    wrong = []
    if not set(lower) <= set(offered):
        wrong.append(f"its Python {offered} does not repeat requires-python {lower}")
    classified = re.findall(r"Python :: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)
    minors = [minor for minor in MINORS if offered.contains(minor)]
    if minors != classified:
        wrong.append(f"its Python may be any of {minors}, the classifiers name {classified}")
    return wrong


def everything(project: dict[str, Any]) -> str:
    """The extra that, through the others it names, brings all of them."""
    extras: dict[str, list[str]] = project["optional-dependencies"]

    def brings(extra: str) -> set[str]:
        needed = [Requirement(line) for line in extras[extra]]
        named = {name for need in needed if need.name == project["name"] for name in need.extras}
        return {extra}.union(*(brings(name) for name in named))

    [whole] = [extra for extra in extras if brings(extra) == set(extras)]
    return whole


def test_every_dependency_is_pinned() -> None:
    assert unpinned(PYPROJECT, CONSTRAINTS) == []


def test_a_dependency_without_a_pin_or_with_one_too_old_is_found() -> None:
    project = """
        [project]
        name = "course"
        dependencies = ["greenlet>=3", "pika>=1.3"]
        [project.optional-dependencies]
        lab = ["jupyterlab"]
        dev = ["course[lab]"]
    """
    assert unpinned(project, "greenlet==3.1\npika==1.2\n") == ["pika>=1.3", "jupyterlab"]


def test_constraints_are_pins_and_hold_no_address() -> None:
    assert not_a_pin(CONSTRAINTS) == []


def test_what_is_not_a_pin_is_found() -> None:
    good = "tzdata==2026.6\nsoupsieve==2.10 ; python_full_version < '3.11.5'\n"
    bad = [
        "--index-url https://packages.example/simple",
        "pika @ https://packages.example/pika.whl",
        "pika==1.4.4 --hash=sha256:00",
        "-e .",
        "pika>=1.4",
    ]
    assert not_a_pin(good + "\n".join(bad)) == bad


def test_environment_agrees_with_pyproject() -> None:
    assert wrong_in_environment(ENVIRONMENT, PYPROJECT) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: ackademy", "name: course", "it is called course"),
        ("python>=3.11,<3.14", "python>=3.10,<3.14", "does not repeat requires-python"),
        (",<3.14", ",<3.15", "the classifiers name"),
        ("- pip\n", "- pip\n  - pika==1.4.4\n", "conda is to install"),
        ("-c constraints.txt", "pika==1.4.4", "pip is to install"),
        ("-e .[dev]", "-e .[lab]", "pip is to install"),
    ],
)
def test_a_disagreement_of_the_environment_is_found(old: str, new: str, complaint: str) -> None:
    assert ENVIRONMENT.count(old) == 1
    changed = ENVIRONMENT.replace(old, new)
    assert complaint in " ".join(wrong_in_environment(changed, PYPROJECT))
