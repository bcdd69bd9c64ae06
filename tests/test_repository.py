"""Rules that hold for every file of the repository: who may import whom, and what stays out.

Each check is a function over a source text that returns sentences, none where all is well, so
that it is tried on a source that must fail it before it is believed about ours.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("minibroker", "graders", "ackademy")

# The engines and the simulated world: the same calls must give the same trace on every machine.
PURE = ("minibroker.sim", "minibroker.queues", "minibroker.log", "minibroker.aws")
# Copies the real modules into the stand-ins that a learner's code gets, so it must see them.
STAND_INS = ("minibroker.sim.modules",)

IO = (
    *("asyncio", "concurrent", "multiprocessing", "signal", "subprocess", "threading", "_thread"),
    *("http", "select", "selectors", "socket", "socketserver", "ssl", "urllib"),
    *("io", "pathlib", "shutil", "tempfile"),
)
REAL_TIME_AND_CHANCE = ("datetime", "os", "secrets", "time")
SLOW = ("nbformat", "nbgrader")


@dataclass(frozen=True)
class Rule:
    """Modules inside `where`, but for those inside `but`, may not import what is inside `names`.

    With `later_too` false an import inside a function is allowed: it costs only who calls it.
    """

    where: tuple[str, ...]
    names: tuple[str, ...]
    why: str
    but: tuple[str, ...] = ()
    later_too: bool = True


RULES = (
    Rule(("minibroker",), ("graders", "ackademy"), "the broker knows no course"),
    Rule(("graders",), ("ackademy",), "graders know no terminal, browser or launcher"),
    Rule(
        ("minibroker.clients",),
        ("minibroker.queues", "minibroker.log", "minibroker.agents", "graders"),
        "clients run on the learner's side and reach the world by effects alone",
    ),
    Rule(
        PACKAGES,
        ("greenlet",),
        "one transport is made of greenlets and nothing else may depend on it",
        but=("minibroker.sim.inline",),
    ),
    Rule(PURE, IO, "engines and the simulated world do no I/O"),
    Rule(
        PURE,
        REAL_TIME_AND_CHANCE,
        "time and chance are handed in, or a replay would differ",
        but=STAND_INS,
    ),
    Rule(("minibroker",), SLOW, "the broker knows no notebooks"),
    Rule(
        ("graders", "ackademy"),
        SLOW,
        "it takes seconds to import: do it in the function that needs it",
        but=("graders.autograde",),
        later_too=False,
    ),
)


@dataclass(frozen=True)
class Import:
    name: str
    line: int
    later: bool  # inside a function, or for the type checker only


def inside(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def imports(source: str, module: str, *, is_package: bool = False) -> Iterator[Import]:
    """All that a module imports, relative names resolved; `from a import b` gives a and a.b."""
    package = module if is_package else module.rpartition(".")[0]

    def base(node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        return ".".join([*parents, node.module] if node.module else parents)

    def names(node: ast.AST) -> list[str]:
        match node:
            case ast.Import():
                return [alias.name for alias in node.names]
            case ast.ImportFrom():
                return [base(node), *(f"{base(node)}.{alias.name}" for alias in node.names)]
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="__import__" | "import_module"),
                args=[ast.Constant(value=str() as name), *_],
            ):
                return [name]
        return []

    def walk(node: ast.AST, later: bool) -> Iterator[Import]:
        for name in names(node):
            yield Import(name, getattr(node, "lineno", 0), later)
        inner = later or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, inner or (for_types and field == "body"))

    return walk(ast.parse(source), later=False)


def wrong_imports(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What the module imports against RULES, a sentence each."""
    wrong = {}
    for found in imports(source, module, is_package=is_package):
        for rule in RULES:
            applies = inside(module, rule.where) and not inside(module, rule.but)
            if applies and inside(found.name, rule.names) and (rule.later_too or not found.later):
                key = (found.line, rule)
                wrong.setdefault(
                    key, f"{module}, line {found.line}, imports {found.name}: {rule.why}"
                )
    return list(wrong.values())


def wrong_calls(source: str, module: str) -> list[str]:
    """Where a pure module opens or prints, or draws from chance that nobody seeded."""
    if not inside(module, PURE) or inside(module, STAND_INS):
        return []
    tree = ast.parse(source)
    randoms = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "random"
    }
    wrong = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="open" | "print" | "input" as name)):
                found = f"calls {name}(): engines and the simulated world do no I/O"
            case ast.ImportFrom(module="random") if [a.name for a in node.names] != ["Random"]:
                found = "takes more than Random from random: a generator is handed in, seeded"
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if (
                name in randoms and attribute != "Random"
            ):
                found = f"uses random.{attribute}: a generator is handed in, seeded"
            case ast.Call(
                func=ast.Attribute(attr="Random") | ast.Name(id="Random"), args=[], keywords=[]
            ):
                found = "makes a Random without a seed: a replay would differ"
            case _:
                continue
        wrong.append(f"{module}, line {node.lineno}, {found}")
    return wrong


# In pieces, so that this file does not hold what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("repo", "maven"),
        ("repo1", "maven"),
        ("deb", "debian", "org"),
        ("anaconda", "org"),
    )
]
PLACES = ["home", "Users", "root", "work", "private/var", "tmp/ipykernel_"]
STAYS_OUT = {
    "a registry's host": re.compile("|".join(map(re.escape, REGISTRIES)), re.IGNORECASE),
    "a path of one machine": re.compile(rf"(?<![\w~/-])/(?:{'|'.join(PLACES)})/?\w"),
}


def addresses(text: str) -> list[str]:
    """Where a text names a package registry's host or a path that is only on one machine."""
    return [
        f"line {number} holds {what}, {match.group()!r}: leave it out"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in STAYS_OUT.items()
        for match in pattern.finditer(line)
    ]


def modules() -> Iterator[tuple[str, bool, str]]:
    """Every module of the three packages: its name, whether it is a package, and its source.

    Wheats and chaffs are learners' code; nothing here is asked of them.
    """
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if not {"wheats", "chaffs"} & set(parts):
                is_package = parts[-1] == "__init__"
                name = ".".join(parts[:-1] if is_package else parts)
                yield name, is_package, path.read_text(encoding="utf-8")


def test_imports_run_one_way() -> None:
    assert [
        sentence
        for name, is_package, source in modules()
        for sentence in wrong_imports(source, name, is_package=is_package)
    ] == []


def test_engines_and_simulator_do_no_io_and_draw_only_from_seeded_chance() -> None:
    found = [sentence for name, _, source in modules() for sentence in wrong_calls(source, name)]
    assert found == []


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of tracked files")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert [
        f"{path.relative_to(ROOT)}, {sentence}"
        for path in paths
        if path.is_file()
        for sentence in addresses(path.read_text(encoding="utf-8", errors="replace"))
    ] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("minibroker.sim.world", "import graders"),
        ("minibroker", "from ackademy.cli import main"),
        ("minibroker.sim.world", "def late():\n    import graders.verdict"),
        ("minibroker.sim.world", "import importlib\nimportlib.import_module('graders')"),
        ("graders.explore", "import ackademy"),
        ("minibroker.clients.pika", "from minibroker import queues"),
        ("minibroker.clients.pika", "from ..queues.engine import Queue"),
        ("minibroker.clients.pika", "from .. import agents"),
        ("minibroker.sim.world", "import greenlet"),
        ("ackademy.cli", "from greenlet import getcurrent"),
        ("minibroker.queues.engine", "import socket"),
        ("minibroker.queues.engine", "import os.path"),
        ("minibroker.sim.clock", "import time"),
        ("minibroker.sim.modules", "import threading"),
        ("minibroker.clients.pika", "def late():\n    import nbformat"),
        ("graders.verdict", "import nbformat"),
        ("graders.verdict", "try:\n    from nbgrader import api\nexcept ImportError:\n    pass"),
        ("ackademy.cli", "class Command:\n    import nbgrader.apps"),
    ],
)
def test_an_import_against_the_rules_is_found(module: str, source: str) -> None:
    [sentence] = wrong_imports(source, module)
    assert sentence.startswith(f"{module}, line ")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ackademy.cli", "import graders, minibroker"),
        ("graders.explore", "import minibroker.sim.world\nimport ackademy_theme"),
        ("minibroker.clients.pika", "from minibroker.sim import effect\nfrom . import amqp"),
        ("minibroker.sim.inline", "from greenlet import greenlet"),
        ("minibroker.sim.modules", "import time, datetime, os"),
        ("minibroker.wire.amqp", "import asyncio, time"),
        ("graders.autograde.preflight", "import nbformat, nbgrader"),
        ("graders.verdict", "def late():\n    import nbformat"),
        ("graders.verdict", "if TYPE_CHECKING:\n    import nbformat"),
    ],
)
def test_an_import_within_the_rules_is_left_alone(module: str, source: str) -> None:
    assert wrong_imports(source, module) == []


def test_a_package_resolves_relative_imports_from_itself() -> None:
    source = "from .queues import engine"
    found = [imported.name for imported in imports(source, "minibroker", is_package=True)]
    assert found == ["minibroker.queues", "minibroker.queues.engine"]


@pytest.mark.parametrize(
    "source",
    [
        "print('delivered')",
        "log = open('segment')",
        "import random\nrandom.shuffle([])",
        "import random as chance\nchance.random()",
        "from random import choice",
        "import random\nchance = random.Random()",
    ],
)
def test_a_call_that_leaves_the_simulation_is_found(source: str) -> None:
    [sentence] = wrong_calls(source, "minibroker.queues.engine")
    assert sentence.startswith("minibroker.queues.engine, line ")
    assert wrong_calls(source, "minibroker.wire.amqp") == []


def test_a_seeded_generator_is_left_alone() -> None:
    source = "import random\ndef pick(given: random.Random):\n    return random.Random(7).random()"
    assert wrong_calls(source, "minibroker.queues.engine") == []


@pytest.mark.parametrize("host", REGISTRIES)
def test_a_registry_is_found(host: str) -> None:
    assert len(addresses(f"first line\nsee https://{host}/simple\n")) == 1


@pytest.mark.parametrize("place", PLACES)
def test_a_path_of_one_machine_is_found(place: str) -> None:
    for before in ('File "', "(.."):
        [sentence] = addresses(before + "/" + place.removesuffix("/") + "/1234/cell.py")
        assert sentence.startswith("line 1 holds a path of one machine")


def test_other_paths_and_addresses_are_left_alone() -> None:
    text = (
        "/usr/bin/env, course/work/notes, ~/" + "work/a, 127.0.0.1:5672, https://example.org/home/"
    )
    assert addresses(text) == []
