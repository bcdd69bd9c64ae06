"""Ticks: what no learner's code can outlive, and what they leave alone."""

import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from minibroker.sim.ticks import TICK, DoesNotParse, instrumented
from tests.minibroker.tiny import source_of

ENOUGH = 2_000


class Dead(BaseException):
    """What a tick raises."""


@pytest.fixture(autouse=True)
def _two_seconds_at_most() -> Iterator[None]:
    """A loop that no tick reaches fails its test; it does not hang it."""

    def over(signum: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_filename == "<cell>":
            raise AssertionError("the loop met no tick")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 2, 0.1)  # again and again: the loop may catch it
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def run(text: str, after: int = ENOUGH, **given: object) -> tuple[dict[str, Any], int]:
    """Execute a cell whose tick raises after so many calls; its namespace and the ticks."""
    ticks = 0

    def tick() -> bool:
        nonlocal ticks
        ticks += 1
        if ticks > after:
            raise Dead
        return True

    namespace: dict[str, Any] = {TICK: tick, **given}
    exec(instrumented(source_of(text), "<cell>"), namespace)
    return namespace, ticks


ENDLESS = {
    "while": """
        while True:
            pass
    """,
    "a bare except": """
        while True:
            try:
                while True:
                    pass
            except:
                pass
    """,
    "except BaseException and continue": """
        while True:
            try:
                [step for step in iter(int, 1)]
            except BaseException:
                continue
    """,
    "finally and continue": """
        while True:
            try:
                while True:
                    pass
            finally:
                continue
    """,
    "return in finally": """
        def again():
            try:
                while True:
                    pass
            finally:
                return None
        while True:
            again()
    """,
    "break in finally": """
        for outer in iter(int, 1):
            while True:
                try:
                    while True:
                        pass
                finally:
                    break
    """,
    "an except in an except": """
        try:
            while True:
                pass
        except:
            try:
                while True:
                    pass
            except:
                while True:
                    pass
    """,
    "else": """
        while True:
            try:
                pass
            except Exception:
                pass
            else:
                pass
    """,
    "an exception group": """
        while True:
            try:
                while True:
                    pass
            except* BaseException:
                pass
    """,
    "a comprehension": """
        import itertools
        [number for number in itertools.count()]
    """,
    "a generator expression": """
        import itertools
        sum(number for number in itertools.count())
    """,
    "a dict comprehension": """
        import itertools
        {0: number for number in itertools.count()}
    """,
    "the second loop of a comprehension": """
        import itertools
        {inner for outer in [1] for inner in itertools.repeat(0)}
    """,
    "a lambda": """
        list(iter(lambda: 0, 1))
    """,
    "a lambda in a key": """
        import itertools
        max(itertools.count(), key=lambda number: number)
    """,
    "a for over a generator": """
        def forever():
            while True:
                yield 1
        for one in forever():
            pass
    """,
    "a class body": """
        class Loop:
            while True:
                pass
    """,
    "a method": """
        class Loop:
            def __iter__(self):
                return self
            def __next__(self):
                return 1
        list(Loop())
    """,
    "a condition": """
        def true():
            return True
        while true():
            ...
    """,
    "mutual recursion in a try": """
        def down():
            try:
                up()
            except RecursionError:
                pass
        def up():
            try:
                down()
            except RecursionError:
                pass
        while True:
            down()
    """,
    "a decorated function": """
        def twice(function):
            return lambda: (function(), function())
        @twice
        def nothing():
            '''Do nothing.'''
        while True: nothing()
    """,
    "an asynchronous function": """
        async def forever():
            while True:
                pass
        try:
            forever().send(None)
        except Exception:
            pass
    """,
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_what_runs_for_ever_comes_to_a_tick_and_cannot_outlive_it(text: str) -> None:
    with pytest.raises(Dead):
        run(text)


def test_recursion_without_end_meets_a_tick_at_every_call() -> None:
    with pytest.raises(Dead):
        run("def deeper():\n    deeper()\ndeeper()", after=50)


def test_nothing_is_done_in_an_except_or_a_finally_of_the_dead() -> None:
    reached: list[str] = []
    text = """
        def forever():
            try:
                while True:
                    pass
            except ValueError:
                reached.append("wrong except")
            except:
                reached.append("except")
            finally:
                reached.append("finally")
        try:
            forever()
        finally:
            reached.append("outer finally")
    """
    with pytest.raises(Dead):
        run(text, reached=reached)
    assert reached == []


def test_the_ticks_of_a_source_are_the_same_each_time() -> None:
    text = """
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)
        found = [fib(n) for n in range(8) if n % 2]
        for each in found:
            try:
                1 / (each - 1)
            except ZeroDivisionError:
                pass
            finally:
                each += 1
    """
    first, second = run(text), run(text)
    assert first[1] == second[1] > 0
    assert first[0]["found"] == [1, 2, 5, 13]


def test_a_straight_line_has_no_ticks() -> None:
    assert run("x = 1\nif x:\n    y = 2\nwith open(__file__):\n    pass", __file__=__file__)[1] == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("found = (lambda x: x)(0)", 0),
        ("found = (lambda: None)()", None),
        ("found = (lambda *a, b=2, **k: (a, b, k))(1, c=3)", ((1,), 2, {"c": 3})),
        ("found = [x for x in range(5) if x % 2 if x > 1]", [3]),
        ("found = {x: y for x, y in [(1, 2)]}", {1: 2}),
        ("found = list(x for x in 'ab')", ["a", "b"]),
        ("def f():\n    'What it does.'\nfound = f.__doc__", "What it does."),
        ("def f():\n    'What it does.'\nfound = f()", None),
        ("def f():\n    global g\n    g = 1\nf()\nfound = g", 1),
        ("def f():\n    yield 1\n    return 2\nfound = [*f()]", [1]),
        ("from __future__ import annotations\ndef f(x: unknown): ...\nfound = 1", 1),
        ("class A:\n    'Text.'\n    def __f(self): return 1\nfound = A()._A__f()", 1),
        ("found = [(y := x) for x in (1, 2)]", [1, 2]),
        ("match (1, 2):\n    case (a, b):\n        found = a + b", 3),
        ("for x in ():\n    pass\nelse:\n    found = 1", 1),
        ("while False:\n    pass\nelse:\n    found = 1", 1),
        ("try:\n    raise ExceptionGroup('', [OSError()])\nexcept* OSError:\n    found = 1", 1),
    ],
)
def test_ticks_change_no_result(text: str, value: object) -> None:
    assert run(text)[0]["found"] == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\n\ny = 1 / 0", 3),
        ("def f():\n    '''Doc.'''\n\n    return 1 / 0\n\n\nf()", 4),
        ("for x in range(2):\n\n    1 / 0", 3),
        ("f = lambda: (\n    1 / 0\n)\nf()", 2),
        ("[\n  1 / 0\n  for x in [1]\n]", 2),
        ("try:\n    pass\nfinally:\n\n    1 / 0", 5),
        ("try:\n    None.x\nexcept AttributeError:\n\n    1 / 0", 5),
    ],
)
def test_line_numbers_are_those_of_the_source(text: str, line: int) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        run(text)
    *_, last = [frame for frame in raised.traceback if str(frame.path) == "<cell>"]
    assert last.lineno + 1 == line


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("def worker(:\n    pass", 1, "line 1 does not parse: invalid syntax"),
        ("x = 1\ndef worker():\nreturn", 3, "line 3 does not parse: expected an indented block"),
        ("x = 1\nreturn x", 2, "line 2 does not parse: 'return' outside function"),
        ("x = 1\nyield x", 2, "line 2 does not parse: 'yield' outside function"),
        ("for x in []:\n    pass\nbreak", 3, "line 3 does not parse: 'break' outside loop"),
        ("def f():\n    await g()", 2, "line 2 does not parse: 'await' outside async function"),
        ("%matplotlib inline\nx = 1", 1, "line 1 is a notebook command (%matplotlib)"),
        ("x = 1\n  \n%timeit x", 3, "line 3 is a notebook command (%timeit)"),
        ("%%time\nx = 1", 1, "line 1 is a notebook command (%%time)"),
        ("x = 1\n!pip install pika", 2, "line 2 is a notebook command (!pip)"),
        ("x = " + "(" * 5_000 + ")" * 5_000, 1, "does not parse: too many nested parentheses"),
        ("x = " + "-" * 50_000 + "1", 0, "the cell does not parse"),
        ("x = '\ud800'", 0, "the cell does not parse"),
    ],
)
def test_what_does_not_parse_is_named_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(DoesNotParse) as refused:
        instrumented(text, "<cell>")
    assert reason in str(refused.value)
    assert refused.value.line == line


def test_a_notebook_command_comes_with_what_to_do() -> None:
    with pytest.raises(DoesNotParse, match="move the command to another cell"):
        instrumented("%time x", "<cell>")


def test_a_null_byte_is_no_python() -> None:
    with pytest.raises(DoesNotParse, match="the cell does not parse"):
        instrumented("x = 1\0", "<cell>")


def test_the_graders_own_future_imports_do_not_reach_the_cell() -> None:
    def annotations(of: Callable[..., object]) -> dict[str, object]:
        return of.__annotations__

    namespace, _ = run("def f(x: int): ...")
    assert annotations(namespace["f"]) == {"x": int}
