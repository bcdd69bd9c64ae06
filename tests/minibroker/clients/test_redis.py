"""The `redis.Redis`-shaped client in a world: commands, blocking, faults, the clock."""

import sys
from collections.abc import Callable

import pytest

from minibroker.sim.clock import seconds
from minibroker.sim.trace import Answered, Delivered, GroupPlaced, Published, Settled
from tests.minibroker.tiny import Setting, play


def added(*orders: str, at: float = 0.0, group: str = "billing") -> Callable[[Setting], None]:
    """A stream with a group, and orders in it from `at` seconds on."""

    def scenario(setting: Setting) -> None:
        if group:
            setting.redis.run("XGROUP", "CREATE", "orders", group, "0", "MKSTREAM")
        for order in orders:
            setting.world.at(
                seconds(at),
                lambda order=order: setting.redis.run("XADD", "orders", "*", "id", order),
            )

    return scenario


def said(
    body: str, scenario: Callable[[Setting], None] = lambda _: None, plan: str = "none"
) -> str:
    """What a worker with this body prints."""
    source = "import time, redis\ndef worker(r):\n" + "".join(
        f"    {line}\n" for line in body.strip().splitlines()
    )
    return play(source, scenario, plan).said


# --- commands ----------------------------------------------------------------------------------


def test_replies_have_the_shapes_of_redis_py() -> None:
    assert said(
        """
print(r.set("a", 1, nx=True), r.set("a", 2, nx=True), r.get("a"), r.incr("a"))
print(r.hset("h", mapping={"x": 1, "y": 2}), r.hgetall("h"))
print(r.rpush("l", 1, 2), r.lrange("l", 0, -1), r.blpop(["l"], 0))
print(r.sadd("s", "b", "a"), sorted(r.smembers("s")), r.zadd("z", {"m": 1.5}), r.zscore("z", "m"))
print(r.zrange("z", 0, -1, withscores=True), r.type("z"), r.delete("z", "s"))
"""
    ).splitlines() == [
        "True None 1 2",
        "2 {'x': '1', 'y': '2'}",
        "2 ['1', '2'] ('l', '1')",
        "2 ['a', 'b'] 1 1.5",
        "[('m', 1.5)] zset 2",
    ]


def test_without_decode_responses_replies_are_bytes() -> None:
    ran = play(
        'def worker(raw):\n    raw.xadd("s", {"id": "a"}, id="1-0")\n    print(raw.xrange("s"))\n'
    )
    assert ran.said == "[(b'1-0', {b'id': b'a'})]\n"


def test_wrong_arguments_raise_what_redis_py_raises() -> None:
    assert said(
        """
for call in (lambda: r.xadd("s", {}), lambda: r.set("a", None), lambda: r.get(),
             lambda: r.lpush("s"), lambda: r.xack("none", "g", "1-0")):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__)
"""
    ).splitlines() == ["DataError", "DataError", "TypeError", "ResponseError", "0"]


@pytest.mark.parametrize("call", ["r.flushall()", "r.lock('a')", "redis.Redis()", "r.eval('', 0)"])
def test_what_is_left_out_says_so(call: str) -> None:
    text = said(f"try:\n    {call}\nexcept NotImplementedError as error:\n    print(error)")
    assert call.split("(")[0].split(".")[1] in text


def test_a_pipeline_is_one_effect_and_gives_all_replies() -> None:
    ran = play(
        """
        def worker(r):
            with r.pipeline() as pipe:
                pipe.set("a", 1).incr("a").lpush("a", 2)
                print(pipe.execute(raise_on_error=False))
        """
    )
    assert ran.said == "[True, 2, server:ResponseError]\n"  # as redis-py shows it
    assert len(ran.trace.of(Answered)) == 1


def test_an_error_in_a_pipeline_names_its_command() -> None:
    text = said("""
r.set("word", "text")
pipe = r.pipeline().get("word").rpush("word", "one")
print(pipe.execute(raise_on_error=False)[1])
try:
    r.pipeline().get("word").rpush("word", "one").execute()
except redis.ResponseError as error:
    print(error)
""")
    wrong = "WRONGTYPE Operation against a key holding the wrong kind of value"
    assert text.splitlines() == [
        wrong,
        f"Command # 2 (RPUSH word one) of pipeline caused error: {wrong}",
    ]


def test_a_transaction_is_tried_again_when_what_it_watches_changes() -> None:
    source = """
        import time, redis
        def worker(r):
            with r.pipeline() as pipe:
                pipe.watch("stock")
                left = int(pipe.get("stock"))
                time.sleep(2)
                pipe.multi()
                pipe.set("stock", left - 1)
                try:
                    print(pipe.execute())
                except redis.WatchError:
                    print("changed")
    """

    def scenario(setting: Setting) -> None:
        setting.redis.run("SET", "stock", 5)
        setting.world.at(seconds(1), lambda: setting.redis.run("DECR", "stock"))

    assert play(source, scenario).said == "changed\n"


# --- the clock and blocking --------------------------------------------------------------------


def test_keys_expire_and_ids_are_made_in_virtual_time() -> None:
    assert said(
        """
r.set("lock", "me", nx=True, ex=3600)
first = r.xadd("s", {"a": 1})
time.sleep(3599)
print(r.get("lock"), r.ttl("lock"))
time.sleep(2)
print(r.get("lock"), int(r.xadd("s", {"a": 1}).split("-")[0]) - int(first.split("-")[0]))
"""
    ).splitlines() == ["me 1", "None 3601006"]


def test_a_blocking_read_waits_in_the_world() -> None:
    ran = play(
        """
        import time
        def worker(r):
            start = time.time()
            print(r.xreadgroup("billing", "w", {"orders": ">"}, block=10_000)[0][1][0][1])
            print(r.blpop(["nothing"], 3), round(time.time() - start))
        """,
        added("order-1", at=7),
    )
    assert ran.said == "{'id': 'order-1'}\nNone 10\n"


def test_a_read_from_now_on_misses_nothing_while_it_blocks() -> None:
    assert said(
        'print(r.xread({"orders": "$"}, block=0)[0][1][0][1])', added("order-1", at=3, group="")
    ) == ("{'id': 'order-1'}\n")


def test_of_two_that_block_one_gets_it() -> None:
    ran = play(
        'def worker(r):\n    print(r.blmove("todo", "doing", 30))\n',
        lambda setting: setting.world.at(
            seconds(1), lambda: setting.redis.run("RPUSH", "todo", "order-1")
        ),
        members=("worker-1", "worker-2"),
    )
    assert sorted(ran.said.split()) == ["None", "order-1"]


def test_real_time_goes_on_for_everybody_else() -> None:
    import time

    import fakeredis

    play('def worker(r):\n    r.set("a", 1, ex=1)\n')
    fresh = fakeredis.FakeRedis()
    fresh.set("a", 1)
    assert abs(int(fresh.time()[0]) - time.time()) < 60


# --- streams and faults ------------------------------------------------------------------------

TAKES_OVER = """
    import redis
    def worker(r):
        while True:
            _, entries, _ = r.xautoclaim("orders", "billing", "w", min_idle_time=30_000)
            if not entries:
                reply = r.xreadgroup("billing", "w", {"orders": ">"}, count=1, block=5_000)
                entries = reply[0][1] if reply else []
            for entry, order in entries:
                print(order["id"])
                r.xack("orders", "billing", entry)
"""


def settled(ran: object) -> list[tuple[int, str]]:
    return [(event.message, event.how) for event in ran.trace.of(Settled)]  # type: ignore[attr-defined]


def test_what_a_crash_leaves_pending_is_handed_out_again_when_it_is_claimed() -> None:
    ran = play(TAKES_OVER, added("order-1", "order-2", at=1), plan="crash:2")
    assert ran.said.split() == ["order-2", "order-1"]
    attempts = [(event.message, event.attempt) for event in ran.trace.of(Delivered)]
    assert attempts == [(1, 1), (2, 1), (1, 2)]
    assert settled(ran) == [(2, "acked"), (1, "acked")]


def test_a_read_whose_answer_is_lost_leaves_its_entry_pending() -> None:
    ran = play(TAKES_OVER, added("order-1", at=1), plan="indefinite:2")
    assert ran.said.split() == ["order-1"]
    assert [event.attempt for event in ran.trace.of(Delivered)] == [1, 2]
    errors = [event.error for event in ran.trace.of(Answered) if event.error]
    assert errors == ["ConnectionError"]


def test_what_was_handed_out_can_come_as_a_second_entry() -> None:
    ran = play(TAKES_OVER, added("order-1", at=1), plan="duplicate:2")
    assert ran.said.split() == ["order-1", "order-1"]
    assert [event.message for event in ran.trace.of(Published)] == [1, 2]


def test_an_own_entry_that_is_read_again_is_not_idle_any_more() -> None:
    assert (
        said(
            """
r.xreadgroup("billing", "w", {"orders": ">"})
time.sleep(60)
r.xreadgroup("billing", "w", {"orders": "0"})
[one] = r.xpending_range("orders", "billing", "-", "+", 10)
print(one["time_since_delivered"], one["times_delivered"])
""",
            added("order-1"),
        )
        == "1 2\n"
    )


def test_a_trim_takes_what_is_pending_and_what_is_unread() -> None:
    ran = play(
        """
        def worker(r):
            r.xreadgroup("billing", "w", {"orders": ">"}, count=1)
            print(r.xtrim("orders", maxlen=0, approximate=False))
            print(r.xreadgroup("billing", "w", {"orders": "0"}))
        """,
        added("order-1", "order-2"),
    )
    assert ran.said.splitlines()[0] == "2"
    assert settled(ran) == [(1, "trimmed"), (2, "trimmed")]


def test_a_group_made_later_gets_what_is_in_the_stream_already() -> None:
    ran = play(
        'def worker(r):\n    r.xgroup_create("orders", "audit", "0")\n'
        '    r.xreadgroup("audit", "w", {"orders": ">"}, noack=True)\n',
        added("order-1", "order-2", group=""),
    )
    assert [event.messages for event in ran.trace.of(GroupPlaced)] == [[1, 2]]
    assert settled(ran) == [(1, "auto-acked"), (2, "auto-acked")]


def test_a_pop_forgets_and_a_move_does_not() -> None:
    def scenario(setting: Setting) -> None:
        for order in ("order-1", "order-2", "order-1"):
            setting.redis.run("RPUSH", "todo", order)

    ran = play(
        'def worker(r):\n    r.lpop("todo")\n    r.lmove("todo", "doing")\n'
        '    r.lrem("doing", 1, "order-2")\n',
        scenario,
    )
    assert settled(ran) == [(1, "auto-acked"), (2, "moved"), (2, "removed")]


# --- subscriptions -----------------------------------------------------------------------------

LISTENS = """
    import redis
    def worker(r):
        p = r.pubsub(ignore_subscribe_messages=True)
        p.subscribe("orders")
        while True:
            try:
                for message in p.listen():
                    print(message["data"])
            except redis.ConnectionError:
                print("lost")
"""


def announced(*times: float) -> Callable[[Setting], None]:
    def scenario(setting: Setting) -> None:
        for number, at in enumerate(times, 1):
            setting.world.at(
                seconds(at),
                lambda number=number: setting.redis.publish("orders", f"order-{number}".encode()),
            )

    return scenario


def test_a_subscriber_hears_what_is_published_while_it_listens() -> None:
    ran = play(LISTENS, announced(1, 2))
    assert ran.said.split() == ["order-1", "order-2"]
    assert settled(ran) == [(1, "auto-acked"), (2, "auto-acked")]


def test_what_is_published_while_nobody_listens_reaches_nobody() -> None:
    ran = play(LISTENS, announced(1, 1.5, 3), plan="crash:3")  # its restart takes a second
    assert ran.said.split() == ["order-3"]
    assert [event.queues for event in ran.trace.of(Published)] == [
        ["orders at worker"],
        [],
        ["orders at worker"],
    ]


def test_a_lost_connection_loses_what_was_on_its_way_and_is_subscribed_again() -> None:
    busy = LISTENS.replace("        while True:", "        time.sleep(5)\n        while True:")
    source = busy.replace("import redis", "import redis, time")
    ran = play(source, announced(1, 2, 8), plan="indefinite:4")
    assert ran.said.split() == ["lost", "order-3"]
    assert (2, "unread") in settled(ran)


def test_handlers_and_patterns_are_called_with_the_message() -> None:
    assert (
        said(
            """
p = r.pubsub()
p.psubscribe(**{"ord*": lambda message: print(message["pattern"], message["channel"])})
while p.get_message(timeout=5) or p.get_message(timeout=5):
    pass
""",
            announced(1),
        )
        == "ord* orders\n"
    )


# --- what it costs -----------------------------------------------------------------------------


def test_a_process_needs_neither_redis_py_nor_fakeredis() -> None:
    import subprocess

    code = (
        "import sys, minibroker.clients.redis as r\n"
        "assert not {'redis', 'fakeredis', 'asyncio'} & set(sys.modules), sys.modules.keys()\n"
        "assert r.exceptions.WatchError.__name__ == 'WatchError'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_run_is_the_same_each_time() -> None:
    source = TAKES_OVER + '                r.sadd("s", entry); r.srandmember("s")\n'
    scenario = added("order-1", "order-2", "order-3", at=1)
    assert play(source, scenario).trace.text() == play(source, scenario).trace.text()
