"""What a learner's import gets: the world's time and chance, and no way around the world."""

import datetime
import random
import time
import uuid
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from minibroker.sim.modules import EPOCH, REFUSED, NotSimulated, ProcessVanished, importer
from tests.minibroker.tiny import source_of


def vanish(call: str) -> NoReturn:
    raise ProcessVanished(call)


class Incarnation:
    """An import of its own, a clock, and a record of its sleeps."""

    def __init__(self, seed: str = "0/worker/1", now: int = 0) -> None:
        self.now = now
        self.slept: list[float] = []
        self.builtins = vars(__import__("builtins")) | {
            "__import__": importer(lambda: self.now, self.slept.append, vanish, seed)
        }

    def run(self, text: str) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__builtins__": self.builtins}
        exec(source_of(text), namespace)
        return namespace

    def value(self, imports: str, expression: str) -> Any:
        return self.run(f"import {imports}\nvalue = {expression}")["value"]


# --- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("time.time()", EPOCH.timestamp() + 90.5),
        ("time.time_ns()", round(EPOCH.timestamp() + 90) * 10**9 + 500_000_000),
        ("time.monotonic()", 90.5),
        ("time.perf_counter()", 90.5),
        ("time.monotonic_ns()", 90_500_000_000),
        ("time.strftime('%H:%M:%S')", "09:01:30"),
        ("time.gmtime()[:6]", (2026, 1, 5, 9, 1, 30)),
        ("time.localtime()[:6]", (2026, 1, 5, 9, 1, 30)),
        ("time.localtime(0)[:6]", (1970, 1, 1, 0, 0, 0)),
        ("time.ctime()", "Mon Jan  5 09:01:30 2026"),
    ],
)
def test_time_is_virtual(expression: str, shown: object) -> None:
    assert Incarnation(now=90_500_000).value("time", expression) == shown


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("str(datetime.datetime.now())", "2026-01-05 09:01:30.500000"),
        ("str(datetime.datetime.utcnow())", "2026-01-05 09:01:30.500000"),
        ("str(datetime.datetime.today())", "2026-01-05 09:01:30.500000"),
        ("str(datetime.date.today())", "2026-01-05"),
        ("str(datetime.datetime.now(datetime.UTC))", "2026-01-05 09:01:30.500000+00:00"),
        (
            "datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=2))).hour",
            11,
        ),
        ("datetime.datetime.now() - datetime.datetime(2026, 1, 5)", datetime.timedelta(0, 32490.5)),
        ("datetime.datetime.now(datetime.UTC).timestamp()", EPOCH.timestamp() + 90.5),
        ("datetime.datetime.now().isoformat()", "2026-01-05T09:01:30.500000"),
    ],
)
def test_dates_are_virtual(expression: str, shown: object) -> None:
    assert Incarnation(now=90_500_000).value("datetime", expression) == shown


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine whose clock on the wall is nine hours ahead."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "expression",
    [
        "datetime.datetime.now().timestamp() - time.time()",
        "(datetime.datetime.fromtimestamp(time.time()) - datetime.datetime.now()).total_seconds()",
        "(datetime.date.fromtimestamp(time.time()) - datetime.date.today()).total_seconds()",
        "time.mktime(time.localtime()) - time.time()",
        "datetime.datetime.now().astimezone().utcoffset().total_seconds()",
    ],
)
@pytest.mark.usefixtures("far_east")
def test_local_time_is_utc_whatever_the_machine_has(expression: str) -> None:
    assert Incarnation().value("datetime, time", expression) == 0


def test_time_moves_only_when_the_world_moves_it() -> None:
    incarnation = Incarnation()
    namespace = incarnation.run("import time\nnow = time.monotonic")
    assert namespace["now"]() == namespace["now"]() == 0
    incarnation.now = 2_000_000
    assert namespace["now"]() == 2


@pytest.mark.parametrize("text", ["import time\ntime.sleep(3)", "from time import sleep\nsleep(3)"])
def test_a_sleep_is_handed_to_the_world(text: str) -> None:
    incarnation = Incarnation()
    incarnation.run(text)
    assert incarnation.slept == [3]


# --- chance ------------------------------------------------------------------------------------

DRAWS = [
    ("random", "random.random()"),
    ("random", "random.randint(0, 10**12)"),
    ("random", "random.sample(range(1_000), 5)"),
    ("random", "random.Random().random()"),
    ("random", "random.SystemRandom().random()"),
    ("random", "(random.seed(), random.random())"),
    ("random", "(lambda own: (own.seed(), own.random()))(random.Random(1))"),
    ("uuid", "uuid.uuid4()"),
    ("uuid", "uuid.uuid1()"),
    ("secrets", "secrets.token_hex()"),
    ("secrets", "secrets.token_bytes(4)"),
    ("secrets", "secrets.token_urlsafe(8)"),
    ("secrets", "secrets.randbelow(10**12)"),
    ("secrets", "secrets.randbits(64)"),
    ("secrets", "secrets.choice(range(10**9))"),
    ("secrets", "secrets.SystemRandom().random()"),
    ("os", "os.urandom(8)"),
]


@pytest.mark.parametrize(("imports", "expression"), DRAWS)
def test_chance_is_the_same_for_the_same_incarnation_and_another_for_the_next(
    imports: str, expression: str
) -> None:
    first, again, second = (
        Incarnation(seed).value(imports, expression)
        for seed in ("0/worker/1", "0/worker/1", "0/worker/2")
    )
    assert first == again
    assert first != second


@pytest.mark.parametrize(("imports", "expression"), DRAWS)
def test_chance_goes_on_within_an_incarnation(imports: str, expression: str) -> None:
    first, second = Incarnation().value(imports, f"({expression}, {expression})")
    assert first != second


@pytest.mark.parametrize(
    ("imports", "expression"), [draw for draw in DRAWS if draw[0] in ("uuid", "secrets", "os")]
)
def test_seeding_random_does_not_make_keys_repeat_after_a_restart(
    imports: str, expression: str
) -> None:
    first, second = (
        Incarnation(seed).value(f"random, {imports}", f"(random.seed(42), {expression})[1]")
        for seed in ("0/worker/1", "0/worker/2")
    )
    assert first != second


def test_a_seed_makes_random_what_it_is_everywhere() -> None:
    expected = random.Random(42).random()
    assert Incarnation().value("random", "(random.seed(42), random.random())[1]") == expected
    assert Incarnation().value("random", "random.Random(42).random()") == expected


def test_drawing_leaves_the_real_generator_alone() -> None:
    state = random.getstate()
    Incarnation().run("import random, uuid\nrandom.seed(1)\nrandom.random()\nuuid.uuid4()")
    assert random.getstate() == state


EXAMPLE = uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("uuid.uuid4()", lambda value: value.version == 4),
        ("uuid.uuid1()", lambda value: value.version == 1),
        ("uuid.uuid5(uuid.NAMESPACE_DNS, 'example.org')", lambda value: value == EXAMPLE),
        ("secrets.token_hex()", lambda value: len(value) == 64),
        ("secrets.token_hex(nbytes=4)", lambda value: len(value) == 8),
        ("secrets.token_bytes()", lambda value: len(value) == 32),
        ("secrets.token_bytes(None)", lambda value: len(value) == 32),
        ("secrets.token_urlsafe(16)", lambda value: len(value) == 22),
        ("secrets.token_urlsafe()", lambda value: len(value) == 43),
        ("secrets.compare_digest('a', 'a')", lambda value: value is True),
    ],
)
def test_stand_ins_give_what_the_real_ones_give(
    expression: str, holds: Callable[[Any], bool]
) -> None:
    assert holds(Incarnation().value("uuid, secrets", expression))


# --- ways out ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_leave_the_simulation_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(NotSimulated, match=f"^{name} cannot be used here: it would .*; "):
        Incarnation().run(f"import {name}")


@pytest.mark.parametrize(
    "text",
    [
        "import concurrent.futures",
        "from concurrent.futures import ThreadPoolExecutor",
        "from threading import Thread",
        "import urllib.request",
        "def later():\n    import asyncio\nlater()",
        "__import__('socket')",
    ],
)
def test_it_is_refused_however_it_is_imported(text: str) -> None:
    with pytest.raises(NotSimulated):
        Incarnation().run(text)


def test_what_is_refused_can_be_caught_as_an_import_error() -> None:
    namespace = Incarnation().run("""
        try:
            import threading
        except ImportError:
            threading = None
    """)
    assert namespace["threading"] is None


@pytest.mark.parametrize(
    "call", ["system('true')", "fork()", "kill(1, 9)", "popen('true')", "execv('/bin/true', [''])"]
)
def test_os_calls_that_reach_outside_are_refused(call: str) -> None:
    name = call.partition("(")[0].rpartition(".")[2]
    for imported in ("import os", "import os.path", "from os import path\nimport os"):
        with pytest.raises(NotSimulated, match=rf"^os\.{name} cannot be used here"):
            Incarnation().run(f"{imported}\nos.{call}")


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos._exit(1)",
        "from os import _exit\n_exit(1)",
        "import os.path\nos._exit(1)",
        "import os.path as path, os\nos._exit(1)",
        "import os\nos.abort()",
    ],
)
def test_leaving_the_operating_system_process_is_only_told(text: str) -> None:
    with pytest.raises(ProcessVanished):
        Incarnation().run(text)


def test_the_rest_of_the_library_is_the_real_one() -> None:
    namespace = Incarnation().run("""
        import json, os.path, collections.abc, itertools as tools
        from os.path import join
        from dataclasses import dataclass
        from datetime import timedelta
        joined = join("a", "b")
    """)
    assert namespace["json"] is __import__("json")
    assert namespace["tools"] is __import__("itertools")
    assert namespace["joined"] == namespace["os"].path.join("a", "b")
    assert namespace["timedelta"] is datetime.timedelta


@pytest.mark.parametrize("name", ["nothing_of_the_kind", "time.nothing", "os.nothing"])
def test_what_does_not_exist_is_missing_as_ever(name: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        Incarnation().run(f"import {name}")


def test_one_module_an_incarnation() -> None:
    incarnation = Incarnation()
    first = incarnation.value("random", "random")
    assert incarnation.value("random", "random") is first
    assert Incarnation().value("random", "random") is not first


def test_changing_a_stand_in_changes_nothing_elsewhere() -> None:
    Incarnation().run("import time, os\ntime.sleep = os.getcwd = None")
    assert callable(time.sleep)
    assert Incarnation().value("time, os", "callable(time.sleep) and callable(os.getcwd)")
