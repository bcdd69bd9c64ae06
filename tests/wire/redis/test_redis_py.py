"""redis-py against the wire: keys, streams and groups, blocking, subscriptions, transactions."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from minibroker.wire.redis.running import Running, start

Connect = Callable[..., redis.Redis]
Until = Callable[[Callable[[], object]], None]


def blocked(server: Running, name: str) -> bool:
    """Whether the connection of this name is inside a blocking command."""
    return any(
        each._blocked and each._client_info["name"] == name
        for each in list(server.server.fake.sockets)
    )


def connected(r: redis.Redis, name: str) -> bool:
    return any(each["name"] == name for each in r.client_list())


def test_a_key_is_set_once_by_those_who_ask_for_that(r: redis.Redis) -> None:
    assert r.set("lock", "a", nx=True, ex=60)
    assert r.set("lock", "b", nx=True, ex=60) is None
    assert r.get("lock") == "a"
    assert 0 < r.ttl("lock") <= 60


def test_a_group_hands_out_acks_and_hands_over(r: redis.Redis) -> None:
    r.xgroup_create("orders", "billing", "0", mkstream=True)
    first = r.xadd("orders", {"id": "order-1"})
    assert r.xreadgroup("billing", "ann", {"orders": ">"}) == [
        ["orders", [(first, {"id": "order-1"})]]
    ]
    [pending] = r.xpending_range("orders", "billing", "-", "+", 10)
    assert (pending["consumer"], pending["times_delivered"]) == ("ann", 1)
    cursor, claimed, deleted = r.xautoclaim("orders", "billing", "bob", min_idle_time=0)
    assert (cursor, claimed, deleted) == ("0-0", [(first, {"id": "order-1"})], [])
    assert r.xack("orders", "billing", first) == 1
    assert r.xpending("orders", "billing")["pending"] == 0


def test_an_error_does_not_end_the_connection(r: redis.Redis) -> None:
    with r.client() as one:
        before = one.client_id()
        one.xgroup_create("orders", "billing", "0", mkstream=True)
        with pytest.raises(redis.ResponseError, match="BUSYGROUP"):
            one.xgroup_create("orders", "billing", "0")
        with pytest.raises(redis.ResponseError, match="NOGROUP"):
            one.xreadgroup("nobody", "ann", {"nothing": ">"})
        assert one.client_id() == before


def test_an_error_is_worded_on_the_wire_as_by_the_server(server: Running, r: redis.Redis) -> None:
    r.set("text", "a")
    with socket.create_connection((server.host, server.port), timeout=60) as raw:
        raw.sendall(b"*2\r\n$4\r\nLPOP\r\n$4\r\ntext\r\n*1\r\n$4\r\nNONE\r\n")
        raw.shutdown(socket.SHUT_WR)
        lines = b"".join(iter(lambda: raw.recv(4096), b"")).split(b"\r\n")
    assert lines[0].startswith(b"-WRONGTYPE ")
    assert lines[1].startswith(b"-ERR unknown command")


def test_a_reader_that_blocks_gets_what_is_added_meanwhile(
    server: Running, r: redis.Redis, connect: Connect, until: Until
) -> None:
    r.xgroup_create("orders", "billing", "0", mkstream=True)
    other = connect(client_name="reader")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(other.xreadgroup, "billing", "ann", {"orders": ">"}, block=50_000)
        until(lambda: blocked(server, "reader"))
        entry = r.xadd("orders", {"id": "order-1"})
        assert read.result(60) == [["orders", [(entry, {"id": "order-1"})]]]
    assert other.xreadgroup("billing", "ann", {"orders": ">"}, block=10) == []


@pytest.mark.parametrize("how", ["blpop", "brpop", "blmove"])
def test_a_pop_that_blocks_gets_what_is_pushed_meanwhile(
    server: Running, r: redis.Redis, connect: Connect, until: Until, how: str
) -> None:
    other = connect(client_name=how)
    with ThreadPoolExecutor(1) as pool:
        if how == "blmove":
            popped = pool.submit(other.blmove, "todo", "doing", 50)
        else:
            popped = pool.submit(getattr(other, how), ["todo"], 50)
        until(lambda: blocked(server, how))
        r.rpush("todo", "order-1")
        assert popped.result(60) == ("order-1" if how == "blmove" else ("todo", "order-1"))
    assert r.llen("todo") == 0


def test_a_client_that_is_gone_takes_nothing(server: Running, r: redis.Redis, until: Until) -> None:
    with socket.create_connection((server.host, server.port)) as raw:
        raw.sendall(b"*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$4\r\ngone\r\n")
        raw.sendall(b"*3\r\n$5\r\nBLPOP\r\n$4\r\ntodo\r\n$1\r\n0\r\n")
        until(lambda: blocked(server, "gone"))
    until(lambda: not connected(r, "gone"))
    r.rpush("todo", "order-1")
    assert r.lpop("todo") == "order-1"


def test_who_subscribes_gets_what_is_published_from_then_on(r: redis.Redis, until: Until) -> None:
    assert r.publish("orders", "before") == 0
    with r.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe("orders")
        listener.psubscribe("ord*")
        until(lambda: r.pubsub_numpat() == 1)
        assert r.publish("orders", "now") == 2
        got = listened(listener, 2, until)
    assert [(each["type"], each["data"]) for each in got] == [
        ("message", "now"),
        ("pmessage", "now"),
    ]


def listened(listener: Any, many: int, until: Until) -> list[Any]:
    """So many messages."""
    got: list[Any] = []

    def enough() -> bool:
        if (message := listener.get_message(timeout=1)) is not None:
            got.append(message)
        return len(got) >= many

    until(enough)
    return got


def test_a_transaction_fails_when_a_watched_key_has_changed(
    r: redis.Redis, connect: Connect
) -> None:
    r.set("stock", 1)
    with connect().pipeline() as pipe:
        pipe.watch("stock")
        r.decr("stock")
        pipe.multi()
        pipe.decr("stock")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert r.get("stock") == "0"


def test_a_long_pipeline_and_a_large_value_come_back_whole(r: redis.Redis) -> None:
    with r.pipeline(transaction=False) as pipe:
        for number in range(500):
            pipe.set(number, number)
        assert pipe.execute() == [True] * 500
    r.set("large", "x" * 3_000_000)
    assert len(r.get("large")) == 3_000_000


def test_info_and_config_say_what_is_true(r: redis.Redis) -> None:
    r.set("a", 1, ex=60)
    found = r.info()
    assert found["redis_version"].startswith("8.")
    assert (found["role"], found["db0"]["keys"], found["db0"]["expires"]) == ("master", 1, 1)
    assert "db0" not in r.info("server")
    assert r.config_get("append*") == {"appendonly": "no"}
    assert r.config_get("no-such-setting") == {}


def test_two_servers_have_nothing_in_common(r: redis.Redis) -> None:
    r.set("a", 1)
    with start() as other:
        client = redis.Redis.from_url(other.url)
        assert client.get("a") is None
        client.close()


def test_a_server_that_closes_ends_those_who_block(until: Until) -> None:
    other = start()
    options: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), "socket_timeout": 60}
    client = redis.Redis.from_url(other.url, client_name="waits", **options)
    with ThreadPoolExecutor(1) as pool:
        popped = pool.submit(client.blpop, ["todo"], 0)
        until(lambda: blocked(other, "waits"))
        other.close()
        other.close()
        with pytest.raises(redis.ConnectionError):
            popped.result(60)


def test_redis_asyncio_reads_and_acks(server: Running, r: redis.Redis) -> None:
    async def work() -> tuple[Any, Any]:
        async with redis.asyncio.Redis.from_url(server.url, decode_responses=True) as client:
            await client.xgroup_create("orders", "billing", "0", mkstream=True)
            entry = await client.xadd("orders", {"id": "order-1"})
            [[_, [(found, _)]]] = await client.xreadgroup("billing", "ann", {"orders": ">"})
            return entry == found, await client.xack("orders", "billing", entry)

    assert asyncio.run(work()) == (True, 1)
