"""The world: order, time, crashes, restarts, and when a run is over."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from minibroker.sim.clock import MILLISECOND, SECOND, Clock
from minibroker.sim.effect import Answer, Caller, Effect, Exit, Launch, Process, Reply, Step
from minibroker.sim.trace import (
    Answered,
    Crashed,
    Delivered,
    Ended,
    Exited,
    GaveUp,
    Interrupted,
    Published,
    Requested,
    Requeued,
    Settled,
    SideEffect,
    Started,
    Trace,
)
from minibroker.sim.world import Member, World
from tests.minibroker.tiny import Ran, Setting, inline, play, published, worker

Script = Generator[Effect, Reply, Exit]


class Scripted:
    """A process that is a generator: it yields effects, is sent replies, and returns its exit."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.killed = 0

    def start(self, now: int) -> Step:
        return self._next(None)

    def resume(self, reply: Reply) -> Step:
        return self._next(reply)

    def kill(self) -> None:
        self.killed += 1
        self._script.close()

    def _next(self, reply: Any) -> Step:
        try:
            return self._script.send(reply)
        except StopIteration as over:
            exit: Exit = over.value
            return exit


def scripted(**scripts: Callable[[], Script]) -> Launch:
    def launch(caller: Caller) -> Process:
        return Scripted(scripts[caller.process]())

    return launch


def put(key: str) -> Effect:
    return Effect("database", "commit", {"writes": [["put", "notes", key, {}]]})


def sleep(seconds: float) -> Effect:
    return Effect("clock", "sleep", {"seconds": seconds})


def after(*effects: Effect) -> Callable[[], Script]:
    def script() -> Script:
        for effect in effects:
            _ = yield effect
        return Exit("returned")

    return script


def times(ran: Ran, op: str) -> list[int]:
    """When each effect of this name was answered, in microseconds."""
    wanted = {event.number for event in ran.trace.of(Requested) if event.op == op}
    return [event.at for event in ran.trace.of(Answered) if event.number in wanted]


CONSUME = worker("""
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        payments.charge(body.decode(), 1)
        channel.basic_ack(method.delivery_tag)
""")

# --- order and time ----------------------------------------------------------------------------


def test_what_is_due_at_the_same_time_happens_in_the_order_it_was_made() -> None:
    said: list[str] = []

    def scenario(stage: Setting) -> None:
        for name in ("first", "second", "third"):
            stage.world.at(SECOND, lambda name=name: said.append(name))
        stage.world.at(0, lambda: said.append("before all"))

    play(scripted(), scenario, members=())
    assert said == ["before all", "first", "second", "third"]


def test_the_scenario_has_spoken_before_a_process_starts_at_the_same_time() -> None:
    ran = play(CONSUME, published("order-1"))
    assert ran.kinds[:2] == ["Published", "Started"]


def test_members_start_in_their_order() -> None:
    ran = play(scripted(b=after(), a=after()), members=("b", "a"))
    assert [event.who for event in ran.trace.of(Started)] == ["b#1", "a#1"]


def test_an_effect_happens_when_it_is_asked_for_and_is_answered_one_latency_later() -> None:
    ran = play(worker("payments.charge('order-1', 1)\npayments.charge('order-2', 1)"))
    assert [
        (type(event).__name__, event.at)
        for event in ran.trace
        if isinstance(event, Requested | SideEffect | Answered) and event.at >= 2 * MILLISECOND
    ] == [
        ("Answered", 2 * MILLISECOND),
        ("Requested", 2 * MILLISECOND),
        ("SideEffect", 2 * MILLISECOND),
        ("Answered", 3 * MILLISECOND),
        ("Requested", 3 * MILLISECOND),
        ("SideEffect", 3 * MILLISECOND),
        ("Answered", 4 * MILLISECOND),
    ]


def test_two_members_take_turns() -> None:
    ran = play(
        scripted(a=after(put("a1"), put("a2")), b=after(put("b1"), put("b2"))), members=("a", "b")
    )
    assert [(event.who, event.at) for event in ran.trace.of(Requested)] == [
        ("a#1", 0),
        ("b#1", 0),
        ("a#1", MILLISECOND),
        ("b#1", MILLISECOND),
    ]


def test_two_members_share_a_queue_between_them() -> None:
    ran = play(CONSUME, published("one", "two", "three"), members=("worker-1", "worker-2"))
    assert {event.who for event in ran.trace.of(Delivered)} == {"worker-1#1", "worker-2#1"}
    assert [event.subject for event in ran.trace.of(SideEffect)] == ["one", "two", "three"]


def test_the_same_schedule_leaves_the_same_trace_byte_for_byte() -> None:
    for plan in ("none", "crash:5", "crash:5+crash:9"):
        first, second = (play(CONSUME, published("one", "two"), plan) for _ in range(2))
        assert first.trace.text() == second.trace.text()


def test_effects_are_numbered_through_the_whole_run() -> None:
    ran = play(CONSUME, published("one"), plan="crash:3")
    numbers = [event.number for event in ran.trace.of(Requested)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert ran.trace.events[-1] == Ended(
        at=ran.trace.events[-1].at, why="quiet", effects=numbers[-1]
    )


# --- waiting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("naps", [1, 3, 12, 20])
def test_a_sleeper_is_woken_when_its_time_has_passed(naps: int) -> None:
    ran = play(worker(f"for _ in range({naps}):\n    time.sleep(2)", takes=""))
    assert times(ran, "sleep") == [nap * (2 * SECOND + MILLISECOND) for nap in range(1, naps + 1)]


def test_nothing_hastens_a_sleep() -> None:
    ran = play(
        worker("""
            channel.basic_consume("orders", print)
            time.sleep(10)
        """),
        published("one", at=2),
    )
    assert times(ran, "sleep") == [10 * SECOND + 4 * MILLISECOND]


def test_a_wait_ends_when_what_it_waits_for_comes() -> None:
    ran = play(CONSUME, published("one", at=7))
    assert times(ran, "receive") == [7 * SECOND + MILLISECOND]


def test_a_wait_with_a_limit_ends_at_its_limit() -> None:
    ran = play(
        worker("""
            for found in channel.consume("orders", inactivity_timeout=3):
                print(found, time.monotonic())
                break
        """),
        published(),
    )
    assert ran.said == "(None, None, None) 3.004\n"


def test_an_answered_wait_is_not_answered_again_at_its_limit() -> None:
    ran = play(
        worker("""
            for method, _, body in channel.consume("orders", inactivity_timeout=3):
                print(body, int(time.monotonic()))
                time.sleep(10)
        """),
        published("one", at=1),
    )
    received = [e for e in ran.trace.of(Requested) if e.op == "receive"]
    answers = [e.number for e in ran.trace.of(Answered)]
    assert all(answers.count(event.number) <= 1 for event in received)
    assert ran.said.startswith("b'one' 1\nNone 14\n")


# --- the end of a run --------------------------------------------------------------------------


def test_blocked_calls_are_interrupted_when_nothing_is_left_to_happen() -> None:
    ran = play(CONSUME, published("one", "two"))
    assert ran.kinds[-3:] == ["Interrupted", "Exited", "Ended"]
    assert (ran.exit.how, ran.trace.of(GaveUp)) == ("interrupted", [])
    assert ran.trace.of(Ended)[0].why == "quiet"


def test_nobody_is_interrupted_while_something_is_left_to_happen() -> None:
    ran = play(CONSUME, published("one", at=3_600))
    assert [event.subject for event in ran.trace.of(SideEffect)] == ["one"]
    assert ran.trace.of(Interrupted)[0].at > 3_600 * SECOND


def test_what_an_interrupted_process_gives_back_goes_to_another() -> None:
    source = """
        def holder(channel):
            channel.basic_get("orders")
            channel.basic_consume("none", print)
            channel.start_consuming()

        def worker(channel):
            for method, _, body in channel.consume("orders"):
                print(body, method.redelivered)
                channel.basic_ack(method.delivery_tag)
    """

    def scenario(stage: Setting) -> None:
        stage.broker.declare_queue("none")
        published("one")(stage)

    ran = play(source, scenario, members=("holder", "worker"))
    assert ran.said == "b'one' True\n"
    assert [event.who for event in ran.trace.of(Exited)] == ["holder#1", "worker#1"]


def test_a_process_may_clean_up_after_the_interrupt() -> None:
    ran = play(
        worker("""
            try:
                for found in channel.consume("orders"):
                    pass
            finally:
                database.put("notes", "stopped")
                channel.close()
        """),
        published(),
    )
    assert ran.exit.how == "interrupted"
    assert times(ran, "channel_close")


def test_one_that_will_not_stop_is_killed_at_last() -> None:
    ran = play(
        worker("""
            while True:
                try:
                    for found in channel.consume("orders"):
                        pass
                except BaseException:
                    pass
        """),
        published(),
    )
    assert len(ran.trace.of(Interrupted)) == 3
    assert ran.exit.how == "would not stop"
    assert ran.kinds[-1] == "Ended"


POLLS = {
    "without a sleep": "while True:\n    channel.basic_get('orders')",
    "with a sleep": "while True:\n    channel.basic_get('orders')\n    time.sleep(0.1)",
    "with a long sleep": "while True:\n    channel.basic_get('orders')\n    time.sleep(60)",
    "of events": "while True:\n    channel.connection.process_data_events()",
    "of events with a limit": "while True:\n    channel.connection.process_data_events(1)",
    "by sleeping only": "while True:\n    time.sleep(1)",
    "with a timeout": "for found in channel.consume('orders', inactivity_timeout=1):\n    pass",
    "of the count": "while True:\n    channel.queue_declare('orders', passive=True)",
    "of a table": "while True:\n    database.get('orders', 'a')\n    time.sleep(0.5)",
}


@pytest.mark.parametrize("body", POLLS.values(), ids=POLLS)
def test_a_loop_that_only_polls_comes_to_rest_by_itself(body: str) -> None:
    ran = play(worker(body), published())
    assert ran.trace.of(Ended)[0].why == "quiet"
    assert ran.exit.how == "interrupted"


@pytest.mark.parametrize("body", POLLS.values(), ids=POLLS)
def test_polling_for_an_hour_costs_few_effects_and_the_hour_is_waited_for(body: str) -> None:
    ran = play(worker(body), published("late", at=3_600))
    assert ran.trace.of(Published)[0].at == 3_600 * SECOND
    assert ran.trace.of(Ended)[0].effects < 700
    assert ran.trace.of(Interrupted)[0].at > 3_600 * SECOND


def test_a_poll_finds_what_has_come_within_two_seconds() -> None:
    ran = play(
        worker("""
            while True:
                method, _, body = channel.basic_get("orders")
                if method:
                    print(time.monotonic())
                    channel.basic_ack(method.delivery_tag)
                time.sleep(0.5)
        """),
        lambda stage: [published("x", at=at)(stage) for at in (5, 60, 61.2)] and None,
    )
    taken = [float(text) for text in ran.said.split()]
    assert [round(late - at, 3) <= 2 for late, at in zip(taken, (5, 60, 61.2), strict=True)]
    assert len(taken) == 3


def test_many_reads_before_the_work_are_no_idling() -> None:
    ran = play(
        worker("""
            for number in range(200):
                database.get("orders", str(number))
            database.put("orders", "ready")
            for number in range(200):
                database.get("orders", str(number))
            print("done")
        """)
    )
    assert ran.said == "done\n"


def test_a_poller_is_not_interrupted_while_another_sleeps_before_its_work() -> None:
    source = """
        import time

        def poller(channel):
            while True:
                method, _, body = channel.basic_get("orders")
                if method:
                    print(body)
                    channel.basic_ack(method.delivery_tag)

        def worker(channel):
            time.sleep(100)
            channel.basic_publish("", "orders", "late")
    """
    ran = play(source, published(), members=("poller", "worker"))
    assert ran.said == "b'late'\n"
    assert ran.trace.of(Ended)[0].effects < 200


def test_two_that_poll_for_an_hour_cost_few_effects_too() -> None:
    source = """
        def poller(channel):
            while True:
                channel.basic_get("orders")
    """
    members = ("poller-1", "poller-2")
    ran = play(source, published("late", at=3_600), members=members)
    assert len(ran.trace.of(Delivered)) == 1
    assert ran.trace.of(Ended)[0].effects < 250


def test_two_that_poll_beside_one_that_stands_still_cost_few_effects() -> None:
    source = """
        def poller(channel):
            while True:
                channel.basic_get("orders")

        def worker(channel):
            channel.basic_publish("", "orders", "one")
            channel.basic_publish("", "orders", "two")
    """
    members = ("poller-1", "poller-2", "worker")
    ran = play(source, published(), members=members, plan="pause:9")
    # Its connection was gone when it went on, so it was started again.
    assert len(ran.trace.of(Delivered)) == 3
    assert ran.trace.of(Ended)[0].effects < 250


def test_two_that_poll_come_to_rest_together() -> None:
    source = """
        import time

        def poller(channel):
            while True:
                channel.basic_get("orders")

        def sleeper(channel):
            while True:
                time.sleep(7)
                channel.basic_get("orders")

        def waiter(channel):
            channel.basic_consume("orders", print)
            channel.start_consuming()
    """
    ran = play(source, published(), members=("poller", "sleeper", "waiter"))
    assert {event.how for event in ran.trace.of(Exited)} == {"interrupted"}
    assert len(ran.trace.of(Exited)) == 3


def test_a_run_that_does_not_come_to_rest_ends_with_its_budget_of_effects() -> None:
    ran = play(worker("while True:\n    database.put('notes', 'a')"), effects=50)
    assert ran.trace.of(Ended) == [Ended(at=ran.trace.events[-1].at, why="effects", effects=50)]
    assert len(ran.trace.of(Requested)) == 50


def test_every_process_is_ended_with_the_run() -> None:
    processes: list[Scripted] = []

    def forever() -> Script:
        while True:
            yield put("a")

    def launch(caller: Caller) -> Process:
        processes.append(Scripted(forever()))
        return processes[-1]

    play(launch, effects=10)
    assert [process.killed for process in processes] == [1]


# --- crashes and restarts ----------------------------------------------------------------------


def test_a_crash_comes_after_the_effect_and_before_its_answer() -> None:
    ran = play(worker("payments.charge('order-1', 1)"), plan="crash:3")
    assert ran.kinds[:9] == [
        "Started",
        "Requested",
        "Answered",
        "Requested",
        "Answered",
        "Requested",
        "SideEffect",
        "Crashed",
        "Started",
    ]
    assert ran.trace.of(Crashed) == [Crashed(at=2 * MILLISECOND, who="worker#1", number=3)]
    assert ran.trace.of(Started)[1].at == 2 * MILLISECOND + SECOND
    assert [event.who for event in ran.trace.of(SideEffect)] == ["worker#1", "worker#2"]


def test_at_a_crash_the_broker_takes_back_what_was_not_settled_and_marks_it() -> None:
    ran = play(CONSUME, published("one"), plan="crash:6")
    assert [(event.message, event.why) for event in ran.trace.of(Requeued)] == [
        (1, "connection lost")
    ]
    assert [(event.who, event.redelivered) for event in ran.trace.of(Delivered)] == [
        ("worker#1", False),
        ("worker#2", True),
    ]


def test_a_crash_in_a_blocked_call_comes_when_the_call_has_its_answer() -> None:
    ran = play(CONSUME, published("one", at=5), plan="crash:5")
    assert [event.at for event in ran.trace.of(Crashed)] == [5 * SECOND]
    assert len(ran.trace.of(Settled)) == 1


def test_a_crash_at_an_effect_that_never_comes_changes_nothing() -> None:
    plain, with_crash = (play(CONSUME, published("one"), plan) for plan in ("none", "crash:999"))
    assert with_crash.trace.text() == plain.trace.text()


def test_a_call_that_is_never_answered_is_interrupted_and_not_crashed() -> None:
    number = play(CONSUME, published("one")).trace.of(Interrupted)[0].number
    ran = play(CONSUME, published("one"), plan=f"crash:{number}")
    assert ran.trace.of(Crashed) == []


def test_each_crash_of_a_plan_happens() -> None:
    ran = play(CONSUME, published("one"), plan="crash:3+crash:5+crash:8")
    assert [(event.who, event.number) for event in ran.trace.of(Crashed)] == [
        ("worker#1", 3),
        ("worker#2", 5),
        ("worker#3", 8),
    ]
    assert len(ran.trace.of(Settled)) == 1


def test_a_crash_kills_one_member_and_not_the_others() -> None:
    ran = play(
        scripted(a=after(put("a1"), put("a2")), b=after(put("b1"), put("b2"))),
        members=("a", "b"),
        plan="crash:1",
    )
    assert [event.who for event in ran.trace.of(Exited)] == ["b#1", "a#2"]


def test_one_that_raises_is_started_again_up_to_its_limit() -> None:
    ran = play(worker("raise OSError('disk')"), restarts=2)
    assert [event.who for event in ran.trace.of(Started)] == ["worker#1", "worker#2", "worker#3"]
    assert ran.trace.of(GaveUp) == [
        GaveUp(at=ran.trace.of(Exited)[2].at, who="worker#3", restarts=2)
    ]
    gaps = [event.at for event in ran.trace.of(Started)]
    assert gaps[1] - ran.trace.of(Exited)[0].at == SECOND


def test_crashes_do_not_count_against_the_limit() -> None:
    source = worker("database.put('notes', 'a')\nraise OSError('disk')", takes="database")
    ran = play(source, plan="crash:1+crash:2", restarts=1)
    assert [event.who for event in ran.trace.of(Exited)] == ["worker#3", "worker#4"]
    assert [event.who for event in ran.trace.of(GaveUp)] == ["worker#4"]


def test_one_that_raises_loses_its_connections() -> None:
    ran = play(
        worker("""
            method, _, body = channel.basic_get("orders")
            if not method.redelivered:
                raise OSError("disk")
            channel.basic_ack(method.delivery_tag)
        """),
        published("one"),
    )
    assert [event.why for event in ran.trace.of(Requeued)] == ["connection lost"]
    assert len(ran.trace.of(Settled)) == 1


@pytest.mark.parametrize(
    ("body", "gives_up"), [("return", False), ("while True: pass", True), ("exit()", False)]
)
def test_no_other_end_is_followed_by_a_start(body: str, gives_up: bool) -> None:
    ran = play(worker(body))
    assert len(ran.trace.of(Started)) == 1
    assert bool(ran.trace.of(GaveUp)) == gives_up


# --- the boundary ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "sentence"),
    [
        (Effect("kafka", "poll", {}), "this role was given no client 'kafka'"),
        (Effect("clock", "set", {}), "clock has no operation 'set' here"),
        (Effect("amqp", "tx_select", {}), "amqp has no operation 'tx_select' here"),
        (Effect("payments", "borrow", {"order": "a"}), "payments has no operation 'borrow' here"),
        (Effect("database", "drop", {"table": "a"}), "database has no operation 'drop' here"),
    ],
)
def test_an_operation_that_nobody_offers_is_refused(effect: Effect, sentence: str) -> None:
    ran = play(scripted(worker=after(effect)))
    [answered] = ran.trace.of(Answered)
    assert (answered.error, answered.message, answered.did) == ("NotInSubset", sentence, "read")


NONSENSE = [
    None,
    True,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**18,
    "",
    "x" * 300,
    b"x",
    [],
    {},
    [["put"]],
    {"a": None},
]


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: f"{value!r:.20}")
def test_no_argument_brings_the_world_down(value: Any) -> None:
    calls = {
        "amqp": {
            "channel_open": ["connection"],
            "queue_declare": ["queue", "durable", "passive"],
            "queue_purge": ["queue"],
            "exchange_declare": ["exchange", "durable", "passive"],
            "queue_bind": ["queue", "exchange", "routing_key"],
            "basic_publish": ["exchange", "routing_key", "body", "properties"],
            "basic_qos": ["prefetch_count"],
            "basic_consume": ["queue", "consumer_tag", "auto_ack"],
            "basic_cancel": ["consumer_tag"],
            "basic_get": ["queue", "auto_ack"],
            "basic_ack": ["delivery_tag", "multiple"],
            "basic_nack": ["delivery_tag", "multiple", "requeue"],
            "basic_reject": ["delivery_tag", "requeue"],
            "receive": ["timeout", "connection"],
            "channel_close": ["channel"],
            "connection_close": ["connection"],
        },
        "payments": {"charge": ["order", "cents", "idempotency_key"], "charges": ["order"]},
        "database": {"get": ["table", "key"], "keys": ["table"], "commit": ["writes"]},
        "clock": {"sleep": ["seconds"]},
    }
    good: dict[str, Any] = {
        **dict.fromkeys(("queue", "routing_key"), "orders"),
        **dict.fromkeys(("exchange", "consumer_tag", "order", "table", "key"), "a"),
        **dict.fromkeys(("durable", "passive", "auto_ack", "multiple", "requeue"), False),
        **dict.fromkeys(("delivery_tag", "prefetch_count", "cents", "timeout", "seconds"), 1),
        "body": b"",
        "properties": {},
        "idempotency_key": None,
        "writes": [],
    }
    effects = []
    connection = 0
    for client, operations in calls.items():
        for op, names in operations.items():
            for name in names:
                connection += 1
                where = {"connection": connection, "channel": 1} if client == "amqp" else {}
                effects.append(Effect("amqp", "connect", {}))
                effects.append(Effect("amqp", "channel_open", {"connection": connection}))
                args = where | {each: good[each] for each in names if each in good}
                effects.append(Effect(client, op, args | {name: value}))
                args.pop(name, None)
                effects.append(Effect(client, op, args))
    ran = play(scripted(worker=after(*effects)), published("one", "two"))
    assert ran.trace.of(Ended)[0].why == "quiet"
    assert len(ran.trace.of(Requested)) >= len(effects) - 1


def test_what_is_printed_is_placed_in_the_trace() -> None:
    launch = inline(
        "import time\n\ndef worker():\n    print('a')\n    time.sleep(1)\n    print('b')\n"
    )
    trace = Trace()
    world = World(Clock(), trace, {}, launch, [Member("worker", 0)])
    world.run()
    assert [(part.who, part.text, part.position) for part in world.printed] == [
        ("worker#1", "a\n", 1)
    ]
    assert trace.of(Answered)[0].error == "NotInSubset"


def test_a_recording_holds_the_steps_and_the_replies_of_each_incarnation() -> None:
    ran = play(scripted(worker=after(put("a"), put("b"))), plan="crash:1")
    first, second = ran.recordings.values()
    assert (first.steps, first.replies) == ([put("a")], [])
    assert second.steps == [put("a"), put("b"), Exit("returned")]
    assert second.replies == [
        Answer(None, now=SECOND + MILLISECOND),
        Answer(None, now=SECOND + 2 * MILLISECOND),
    ]
