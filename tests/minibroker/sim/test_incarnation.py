"""One incarnation: how it is called, what it prints, how it ends, and what it cannot outlive.

It is run by the inline transport, in a world of its own.
"""

import sys
from types import ModuleType
from typing import Any

import pytest

from minibroker.sim.effect import Answer, Caller, Effect, Exit, Interrupt, Refusal
from minibroker.sim.incarnation import MOST_PRINTED, Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Committed, Exited, GaveUp, Requested, SideEffect, Started
from tests.minibroker.tiny import Ran, inline, play, published, source_of, worker


def exited(body: str, **options: Any) -> tuple[str, str, str, int]:
    """How a worker with this body ends; its first line is line 5 of the cell."""
    return ended(play(worker(body), restarts=0, **options))


def ended(ran: Ran) -> tuple[str, str, str, int]:
    return ran.exit.how, ran.exit.error, ran.exit.message, ran.exit.line


# --- how it ends -------------------------------------------------------------------------------


def test_it_returns() -> None:
    assert exited("return 42") == ("returned", "", "", 0)


@pytest.mark.parametrize("leave", ["import sys; sys.exit()", "raise SystemExit(0)", "exit()"])
def test_leaving_without_an_error_is_returning(leave: str) -> None:
    assert exited(leave) == ("returned", "", "", 0)


@pytest.mark.parametrize(
    ("leave", "message"),
    [
        ("import sys; sys.exit(3)", "3"),
        ("raise SystemExit('the disk is full')", "the disk is full"),
    ],
)
def test_leaving_with_an_error_is_raising(leave: str, message: str) -> None:
    assert exited(leave) == ("raised", "SystemExit", message, 5)


def test_an_exception_is_told_with_its_line_in_the_cell() -> None:
    assert exited("x = 1\n\njson.loads('{')") == (
        "raised",
        "JSONDecodeError",
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        7,
    )


def test_a_client_s_exception_is_told_with_the_line_that_called_it() -> None:
    how = exited("# free of charge\npayments.charge('order-1', 0)")
    assert how == ("raised", "PaymentError", "cents must be an int above 0, not 0", 6)


def test_a_name_that_only_another_cell_defines_is_missing() -> None:
    assert exited("if channel.is_open:\n    QUEUE") == (
        "raised",
        "NameError",
        "name 'QUEUE' is not defined",
        6,
    )


def test_a_name_that_is_missing_at_the_top_of_the_cell_is_missing_too() -> None:
    ran = play("import json\nQUEUE = PREFIX + 'orders'\ndef worker(): pass", restarts=0)
    assert ended(ran) == ("raised", "NameError", "name 'PREFIX' is not defined", 2)


@pytest.mark.parametrize("source", ["x = 1", "worker = 3"])
def test_a_cell_without_the_function_is_told_so(source: str) -> None:
    ran = play(source, restarts=0)
    assert ended(ran) == ("raised", "NameError", "this cell does not define the function worker", 0)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("async def worker(channel):\n    await channel", "coroutine"),
        ("def worker(channel):\n    yield channel", "generator"),
    ],
)
def test_an_entry_that_only_makes_something_has_done_nothing(source: str, kind: str) -> None:
    how, error, message, _ = ended(play(source, restarts=0))
    assert (how, error) == ("raised", "TypeError")
    assert message == (
        f"worker made a {kind} and did nothing yet; write a plain function, without async and yield"
    )


def test_wrong_parameters_are_an_error_of_the_cell() -> None:
    code = Inline("def worker(channel, extra):\n    pass\n")
    process = code.process(Job("worker", "worker", 1, 0, {"payments": "payments"}))
    step = process.start(0)
    assert isinstance(step, Exit)
    assert step.error == "TypeError"
    assert "missing 1 required positional argument: 'extra'" in step.message


def test_parameters_are_given_in_order_whatever_their_names() -> None:
    code = Inline("def worker(a, b):\n    print(type(a).__name__, type(b).__name__)\n")
    job = Job("worker", "worker", 1, 0, {"database": "database", "payments": "payments"})
    assert code.process(job).start(0) == Exit("returned", printed="Database Payments\n")


@pytest.mark.parametrize(
    "leave",
    ["os._exit(1)", "try:\n    os._exit(1)\nexcept:\n    pass\nchannel.basic_get('orders')"],
)
def test_the_end_of_the_operating_system_process_cannot_be_caught(leave: str) -> None:
    ran = play(worker("import os\n" + leave), published())
    assert ended(ran)[:3] == ("vanished", "", "os._exit(1)")
    assert "os._exit" in worker("import os\n" + leave).splitlines()[ran.exit.line - 1]
    assert not [event for event in ran.trace.of(Requested) if event.op == "basic_get"]


def test_a_loop_without_effects_has_spun_and_is_told_with_its_line() -> None:
    assert exited("n = 0\nwhile True:\n    n += 1") == ("spun", "", "", 6)


def test_a_loop_that_catches_everything_has_spun_too() -> None:
    body = """
        while True:
            try:
                for step in iter(int, 1):
                    pass
            except:
                pass
    """
    assert exited(body)[0] == "spun"


def test_what_has_spun_does_nothing_more() -> None:
    ran = play(
        worker("""
            try:
                while True:
                    pass
            finally:
                database.put("notes", "after")
        """)
    )
    assert ran.exit.how == "spun"
    assert ran.trace.of(Committed) == []


def test_ticks_are_counted_anew_after_every_effect() -> None:
    body = """
        for _ in range(6):
            for step in range(100_000):
                pass
            database.put("steps", "done")
    """
    assert exited(body) == ("returned", "", "", 0)


def test_recursion_without_end_is_an_error_of_the_cell() -> None:
    how, error, _, line = exited("def deeper():\n    deeper()\ndeeper()")
    assert (how, error) == ("raised", "RecursionError")
    assert line in (5, 6)


def test_an_exception_whose_text_cannot_be_had_is_still_told() -> None:
    for trouble in ("raise OSError", "raise SystemExit", "while True: pass"):
        source = f"""
            class Trouble(Exception):
                def __str__(self):
                    {trouble}


            def worker():
                raise Trouble
        """
        how, error, message, _ = ended(play(source, restarts=0))
        assert (how, error) == ("raised", "Trouble")
        assert message == "(its text cannot be shown: its __str__ raised)"


def test_texts_of_exceptions_have_no_addresses_and_are_cut() -> None:
    assert exited("raise ValueError(object())")[2] == "<object object at 0x…>"
    assert exited("raise ValueError('x' * 1_000)")[2] == "x" * 500


def test_input_is_refused_with_the_reason() -> None:
    assert exited("input('next? ')")[2].startswith("input() cannot be used here")


def test_values_that_cannot_cross_are_an_error_where_they_are_sent() -> None:
    how, error, message, line = exited("database.put('notes', 'a', {'set': {1}})")
    assert (how, error, line) == ("raised", "CannotCross", 5)
    assert message.startswith("a set cannot be sent")


# --- what it prints ----------------------------------------------------------------------------


def test_what_it_prints_comes_with_its_next_step() -> None:
    code = Inline(
        source_of("""
            def worker(payments):
                print("before", end="")
                print("charge", 1, sep="-", flush=True)
                payments.charges("order-1")
                print("after")
        """)
    )
    process = code.process(Job("worker", "worker", 1, 0, {"payments": "payments"}))
    step = process.start(0)
    assert isinstance(step, Effect)
    assert step.printed == "beforecharge-1\n"
    assert process.resume(Answer([])) == Exit("returned", printed="after\n")


def test_what_it_prints_reaches_nobody_else(capsys: pytest.CaptureFixture[str]) -> None:
    ran = play(worker("print('one')\npayments.charges('order-1')\nprint('two')"))
    assert ran.said_by == [("worker#1", "one\n"), ("worker#1", "two\n")]
    assert capsys.readouterr().out == ""


def test_print_to_a_file_of_its_own_goes_there() -> None:
    body = "import io\npage = io.StringIO()\nprint('line', file=page)\nprint([page.getvalue()])"
    assert play(worker(body)).said == "['line\\n']\n"


def test_print_takes_none_for_its_defaults() -> None:
    assert play(worker("print(1, 2, sep=None, end=None)")).said == "1 2\n"


def test_what_it_prints_is_bounded_and_that_is_said() -> None:
    said = play(worker("for _ in range(100):\n    print('x' * 9_999)")).said
    assert len(said) < MOST_PRINTED + 100
    assert said.count("(the rest of what it printed is not kept)") == 1


# --- crashes -----------------------------------------------------------------------------------


def test_a_crash_loses_what_the_cell_keeps_in_memory() -> None:
    source = """
        seen = []

        def worker(database):
            seen.append("one")
            print(len(seen))
            database.put("notes", "a")
    """
    ran = play(source, plan="crash:1")
    assert ran.said_by == [("worker#1", "1\n"), ("worker#2", "1\n")]


def test_nothing_that_a_dead_process_does_reaches_the_world() -> None:
    ran = play(
        worker("""
            try:
                try:
                    payments.charge("order-1", 1)
                except:
                    print("caught")
                    payments.charge("order-2", 1)
                finally:
                    print("finally")
                    database.put("notes", "finally")
            finally:
                payments.charge("order-3", 1)
            if channel.is_open:
                payments.charge("order-4", 1)
        """),
        plan="crash:3",
        restarts=0,
    )
    of_the_dead = [event for event in ran.trace.of(SideEffect) if event.who == "worker#1"]
    assert [event.subject for event in of_the_dead] == ["order-1"]
    assert ran.trace.of(Committed) == [
        event for event in ran.trace.of(Committed) if event.who == "worker#2"
    ]
    assert "caught" not in [text for who, text in ran.said_by if who == "worker#1"]


def test_a_dead_process_does_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even what the boundary does not see: here it would write into a module of ours."""
    reached = ModuleType("reached")
    reached.by = []  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "reached", reached)
    play(
        worker("""
            import reached
            try:
                payments.charge("order-1", 1)
            except:
                reached.by.append("except")
            finally:
                reached.by.append(f"finally of {channel.is_open}")
            for _ in range(3):
                reached.by.append("loop")
        """),
        plan="crash:3",
    )
    assert reached.by == ["finally of True", "loop", "loop", "loop"]  # of the second incarnation


def test_a_dead_process_that_catches_everything_ends_all_the_same() -> None:
    ran = play(
        worker("""
            while True:
                try:
                    database.put("notes", "a")
                    time.sleep(1)
                except:
                    pass
        """),
        plan="crash:3",
        effects=20,
    )
    assert [event.who for event in ran.trace.of(Started)] == ["worker#1", "worker#2"]


def test_a_generator_with_a_finally_dies_in_silence() -> None:
    ran = play(
        worker("""
            def orders():
                try:
                    while True:
                        yield channel.basic_get("orders")
                finally:
                    database.put("notes", "closed")

            for method, _, body in orders():
                payments.charge("order-1", 1)
                if method is None:
                    return
        """),
        published("one"),
        plan="crash:4",
    )
    assert [event.who for event in ran.trace.of(Committed)] == ["worker#2"]


def test_killing_twice_or_before_the_start_does_nothing() -> None:
    launch = inline("def worker(payments):\n    payments.charges('order-1')\n")
    never = launch(Caller("worker", 1))
    never.kill()
    process = launch(Caller("worker", 1))
    assert isinstance(process.start(0), Effect)
    process.kill()
    process.kill()


# --- replies -----------------------------------------------------------------------------------


def test_neither_side_holds_what_the_other_can_change() -> None:
    code = Inline(
        source_of("""
            def worker(database):
                row = {"lines": [1]}
                database.put("orders", "a", row)
                found = database.get("orders", "a")
                found["lines"].append(2)
                database.get("orders", "a")
        """)
    )
    process = code.process(Job("worker", "worker", 1, 0, {"database": "database"}))
    first = process.start(0)
    assert isinstance(first, Effect)
    process.resume(Answer(None))
    row = {"lines": [1]}
    process.resume(Answer(row))
    assert row == {"lines": [1]}
    assert first.args == {"writes": [["put", "orders", "a", {"lines": [1]}]]}
    process.kill()


def test_an_interrupt_is_a_keyboard_interrupt_in_the_blocked_call() -> None:
    code = Inline(
        source_of("""
            def worker(database):
                try:
                    database.get("orders", "a")
                except KeyboardInterrupt:
                    print("asked to stop")
                    raise
        """)
    )
    process = code.process(Job("worker", "worker", 1, 0, {"database": "database"}))
    process.start(0)
    assert process.resume(Interrupt()) == Exit("interrupted", printed="asked to stop\n")


def test_a_keyboard_interrupt_that_nobody_sent_is_an_exception_like_others() -> None:
    assert exited("raise KeyboardInterrupt")[:2] == ("raised", "KeyboardInterrupt")


def test_a_refusal_is_an_exception_of_the_client() -> None:
    code = Inline("def worker(payments):\n    payments.charges('order-1')\n")
    process = code.process(Job("worker", "worker", 1, 0, {"payments": "payments"}))
    process.start(0)
    step = process.resume(Refusal("PaymentError", "the line is dead"))
    assert step == Exit("raised", "PaymentError", "the line is dead", 2)


def test_the_time_of_a_reply_is_the_process_s_time() -> None:
    code = Inline(
        source_of("""
            import time

            def worker(payments):
                print(time.monotonic())
                payments.charges("order-1")
                print(time.monotonic())
        """)
    )
    process = code.process(Job("worker", "worker", 1, 0, {"payments": "payments"}))
    step = process.start(1_500_000)
    assert step.printed == "1.5\n"
    assert process.resume(Answer([], now=9_000_000)).printed == "9.0\n"


@pytest.mark.parametrize("span", ["-1", "float('nan')", "10**9"])
def test_a_sleep_that_cannot_be_is_a_value_error(span: str) -> None:
    assert exited(f"time.sleep({span})")[:2] == ("raised", "ValueError")


# --- what a supervisor would see ---------------------------------------------------------------


def test_two_incarnations_draw_other_keys_and_a_replay_the_same() -> None:
    source = worker("import uuid\nprint(uuid.uuid4())\ndatabase.put('notes', 'a')")
    first = play(source, plan="crash:3").said.split()
    assert first == play(source, plan="crash:3").said.split()
    assert len(set(first)) == 2
    assert set(first).isdisjoint(play(source, plan="crash:3", seed=1).said.split())


def test_two_members_of_one_source_share_no_memory() -> None:
    source = """
        seen = []

        def worker(database):
            seen.append(1)
            database.put("notes", "a")
            print(len(seen))
    """
    assert play(source, members=("worker-1", "worker-2")).said == "1\n1\n"


def test_a_dataclass_with_annotations_in_text_can_be_made() -> None:
    source = """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Order:
            id: str
            cents: "int" = 0

        def worker():
            print(Order("order-1"))
    """
    ran = play(source, restarts=0)
    assert ran.trace.of(GaveUp) == []
    assert ran.said == "Order(id='order-1', cents=0)\n"


def test_the_world_takes_an_exit_for_what_it_is() -> None:
    ran = play(worker("raise OSError('disk')"), restarts=1)
    assert [(event.how, event.error) for event in ran.trace.of(Exited)] == [
        ("raised", "OSError")
    ] * 2
