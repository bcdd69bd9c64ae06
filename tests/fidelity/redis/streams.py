"""Redis: streams and their groups, lists, channels, and what is an error."""

import time

import redis

from tests.fidelity.history import alias
from tests.fidelity.scenario import after, scenario


def entries(found):
    """What XREADGROUP or XREAD gave: the fields of each entry, its id by its order."""
    return [[alias("id", each), fields] for _, some in found or [] for each, fields in some]


def pending(r, stream, group):
    """The pending entries of a group: whose, and how often delivered."""
    found = r.xpending_range(stream, group, "-", "+", 10)
    return [
        [alias("id", each["message_id"]), each["consumer"], each["times_delivered"]]
        for each in found
    ]


def refusal(call):
    """The class and text of an error, or nothing."""
    try:
        call()
    except redis.exceptions.RedisError as error:
        return {"error": type(error).__name__, "text": str(error)}
    return {"error": None, "text": ""}


@scenario("redis", "what is published to nobody is gone")
def publishes_to_nobody(r, r2, name, note):
    news = name("news")
    note("published", receivers=r.publish(news, "before"))
    listening = r2.pubsub()
    listening.subscribe(news)
    listening.psubscribe(f"{news}*")
    for _ in range(2):
        note("heard", message=heard(listening))
    note("published", receivers=r.publish(news, "while"))
    for _ in range(2):
        note("heard", message=heard(listening))
    listening.unsubscribe(news)
    note("heard", message=heard(listening))
    note("published", receivers=r.publish(news, "by pattern"))
    note("heard", message=heard(listening))
    listening.punsubscribe()
    note("heard", message=heard(listening))
    note("published", receivers=r.publish(news, "after"))


def heard(listening):
    """The next message of a subscription, in values only."""
    for _ in range(200):
        message = listening.get_message(timeout=0.05)
        if message is not None:
            return [message["type"], message["pattern"], message["channel"], message["data"]]
    return None


@scenario(
    "redis", "what a killed consumer had not acked stays pending, for who claims it", ends="killed"
)
def reads_and_dies(r, name, note):
    orders = name("orders")
    r.xgroup_create(orders, "billing", id="0", mkstream=True)
    for number in range(1, 6):
        r.xadd(orders, {"order": number})
    found = r.xreadgroup("billing", "worker-1", {orders: ">"}, count=3)
    note("read", entries=entries(found))
    note("acked", count=r.xack(orders, "billing", found[0][1][0][0]))


@after(reads_and_dies)
def claims(r, name, note):
    orders = name("orders")
    note("pending", entries=pending(r, orders, "billing"))
    note("read", entries=entries(r.xreadgroup("billing", "worker-2", {orders: "0"})))
    note("read", entries=entries(r.xreadgroup("billing", "worker-2", {orders: ">"})))
    _, claimed, _ = r.xautoclaim(orders, "billing", "worker-2", min_idle_time=60_000)
    note("claimed too soon", count=len(claimed))
    time.sleep(0.5)
    cursor, claimed, gone = r.xautoclaim(orders, "billing", "worker-2", min_idle_time=300, count=1)
    note("claimed", entries=[[alias("id", each), fields] for each, fields in claimed],
         more=alias("id", cursor), gone=gone)  # fmt: skip
    note("pending", entries=pending(r, orders, "billing"))
    ids = r.xautoclaim(orders, "billing", "worker-3", min_idle_time=300, justid=True)
    note("claimed ids", ids=[alias("id", each) for each in ids])
    note("pending", entries=pending(r, orders, "billing"))
    note("read", entries=entries(r.xreadgroup("billing", "worker-3", {orders: "0"})))
    note("pending", entries=pending(r, orders, "billing"))
    summary = r.xpending(orders, "billing")
    note("summary", count=summary["pending"], consumers=summary["consumers"])


@scenario("redis", "a group reads what is new once, and its own pending as often as it asks")
def reads_again(r, name, note):
    orders = name("orders")
    for number in range(1, 4):
        r.xadd(orders, {"order": number})
    r.xgroup_create(orders, "all", id="0")
    r.xgroup_create(orders, "new", id="$")
    r.xadd(orders, {"order": 4})
    for group in ("all", "new"):
        for consumer, place in (("a", ">"), ("b", ">"), ("a", ">"), ("a", "0"), ("b", "0")):
            found = r.xreadgroup(group, consumer, {orders: place}, count=2)
            note("read", group=group, consumer=consumer, place=place, entries=entries(found))
    note("pending", entries=pending(r, orders, "all"))
    note("read", entries=entries(r.xreadgroup("all", "c", {orders: ">"}, block=100)))
    r.xadd(orders, {"order": 5})
    note("read", entries=entries(r.xreadgroup("all", "c", {orders: ">"}, noack=True)))
    note("pending", entries=pending(r, orders, "all"))
    for each in r.xinfo_groups(orders):
        note("group", name=each["name"], consumers=each["consumers"], pending=each["pending"],
             read=each["entries-read"], lag=each["lag"])  # fmt: skip
    note("deleted", pending=r.xgroup_delconsumer(orders, "all", "a"))
    note("pending", entries=pending(r, orders, "all"))
    r.xgroup_setid(orders, "new", "0")
    note("read", entries=entries(r.xreadgroup("new", "d", {orders: ">"})))


@scenario("redis", "an entry that is trimmed stays pending, without what it said")
def is_trimmed(r, name, note):
    orders = name("orders")
    r.xgroup_create(orders, "billing", id="0", mkstream=True)
    for number in range(1, 5):
        r.xadd(orders, {"order": number})
    found = r.xreadgroup("billing", "worker", {orders: ">"}, count=3)
    note("read", entries=entries(found))
    first, _, third = (each for each, _ in found[0][1])
    note("trimmed", count=r.xtrim(orders, maxlen=2, approximate=False), left=r.xlen(orders))
    note("pending", entries=pending(r, orders, "billing"))
    again = r.xreadgroup("billing", "worker", {orders: "0"})
    note("read", entries=entries(again))
    _, claimed, gone = r.xautoclaim(orders, "billing", "other", min_idle_time=0)
    note("claimed", entries=[[alias("id", each), fields] for each, fields in claimed],
         gone=[alias("id", each) for each in gone])  # fmt: skip
    note("pending", entries=pending(r, orders, "billing"))
    note("acked", counts=[r.xack(orders, "billing", each) for each in (first, third, third)])
    note("deleted", count=r.xdel(orders, third), left=r.xlen(orders))
    r.xadd(orders, {"order": 5}, maxlen=1, approximate=False)
    note("left", entries=[fields for _, fields in r.xrange(orders)])
    note("read", entries=entries(r.xreadgroup("billing", "worker", {orders: ">"})))


@scenario("redis", "a blocking read takes from the first key that has something, or waits")
def blocks(r, name, note):
    urgent, usual, orders = name("urgent"), name("usual"), name("orders")
    r.rpush(usual, "1", "2")
    r.rpush(urgent, "3")
    for _ in range(3):
        note("popped", found=r.blpop([urgent, usual], timeout=1))
    began = time.time()
    note("popped", found=r.blpop([urgent, usual], timeout=1), waited=time.time() - began > 0.9)
    began = time.time()
    note("read", found=r.xread({orders: "$"}, block=500), waited=time.time() - began > 0.4)
    first = r.xadd(orders, {"order": 1})
    r.xadd(orders, {"order": 2})
    note("read", entries=entries(r.xread({orders: first}, block=500)))
    note("read", entries=entries(r.xread({orders: "0", name("none"): "0"}, count=1)))
    note("moved", found=r.lmove(urgent, usual, "LEFT", "RIGHT"))
    r.rpush(urgent, "4", "5")
    note("moved", found=r.blmove(urgent, usual, 1, "RIGHT", "LEFT"), left=r.lrange(usual, 0, -1))


@scenario("redis", "what Redis refuses has its class and words")
def is_refused(r, name, note):
    orders, word = name("orders"), name("word")
    r.set(word, "text")
    r.xgroup_create(orders, "billing", id="0", mkstream=True)
    first = r.xadd(orders, {"order": 1})
    for doing, call in {
        "make a group again": lambda: r.xgroup_create(orders, "billing", id="0"),
        "make one without a stream": lambda: r.xgroup_create(name("none"), "billing"),
        "read by no group": lambda: r.xreadgroup("none", "worker", {orders: ">"}),
        "claim by no group": lambda: r.xautoclaim(orders, "none", "worker", 0),
        "look at no group": lambda: r.xpending(orders, "none"),
        "look at no stream": lambda: r.xinfo_stream(name("none")),
        "ack by no group": lambda: r.xack(orders, "none", first),
        "add an older entry": lambda: r.xadd(orders, {"order": 0}, id="0-1"),
        "add the oldest of all": lambda: r.xadd(orders, {"order": 0}, id="0-0"),
        "add a bad id": lambda: r.xadd(orders, {"order": 0}, id="soon"),
        "push to text": lambda: r.rpush(word, "1"),
        "add to text": lambda: r.xadd(word, {"order": 1}),
        "pop from a stream": lambda: r.blpop(orders, timeout=1),
        "count text": lambda: r.incr(word),
        "read new by XREAD": lambda: r.xread({orders: ">"}),
        "rename nothing": lambda: r.rename(name("none"), name("other")),
    }.items():
        note("told", doing=doing, **refusal(call))


@scenario("redis", "a transaction is done as a whole, or not at all when a key was changed")
def is_watched(r, r2, name, note):
    stock = name("stock")
    r.set(stock, 5)
    with r.pipeline() as pipe:
        pipe.watch(stock)
        seen = int(pipe.get(stock))
        pipe.multi()
        pipe.set(stock, seen - 1)
        pipe.rpush(name("sold"), "one")
        note("done", answers=pipe.execute())
    with r.pipeline() as pipe:
        pipe.watch(stock)
        seen = int(pipe.get(stock))
        r2.decr(stock)
        pipe.multi()
        pipe.set(stock, seen - 1)
        note("told", error=refusal(pipe.execute)["error"], left=r.get(stock))
    with r.pipeline() as pipe:
        pipe.incr(stock)
        pipe.rpush(stock, "wrong")
        pipe.incr(stock)
        note("told", **refusal(pipe.execute), left=r.get(stock))
    note("set", only_new=r.set(stock, 9, nx=True), only_old=r.set(name("none"), 1, xx=True))
    r.set(stock, 1, px=300)
    time.sleep(0.6)
    note("expired", left=r.get(stock), ttl=r.ttl(stock))
