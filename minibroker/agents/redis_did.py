"""What a command did to the world, read from it and its reply; and what it handed out."""

from typing import Any

from minibroker.sim.effect import Did

Fields = list[bytes]

READS = frozenset(
    b"DBSIZE EXISTS KEYS PTTL SCAN TTL TYPE PING TIME GET MGET STRLEN HEXISTS HGET HGETALL HKEYS "
    b"HLEN HMGET HVALS LINDEX LLEN LPOS LRANGE SCARD SDIFF SINTER SISMEMBER SMEMBERS SMISMEMBER "
    b"SRANDMEMBER SUNION ZCARD ZCOUNT ZMSCORE ZRANGE ZRANGEBYSCORE ZRANK ZREVRANGE "
    b"ZREVRANGEBYSCORE ZREVRANK ZSCORE XINFO XLEN XPENDING XRANGE XREVRANGE PUBSUB WATCH "
    b"UNWATCH".split()
)

TAKES = frozenset(
    b"""
    XREAD XREADGROUP XAUTOCLAIM XCLAIM LPOP RPOP BLPOP BRPOP LMOVE BLMOVE RPOPLPUSH BRPOPLPUSH SPOP
    ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX
""".split()
)
"""Commands that take something to work on; without it their caller is idle."""

POPS = frozenset(b"LPOP RPOP BLPOP BRPOP".split())

CAN_COME_AGAIN = frozenset({
    "xread", "xreadgroup", "xautoclaim", "xclaim", "lpop", "rpop", "blpop", "brpop", "lmove",
    "blmove",
})  # fmt: skip
"""The calls that hand out what can come once more."""


def did(fields: Fields, raw: Any) -> Did:
    """What it did. A reply of 0, False or nothing says that nothing was changed."""
    name = fields[0].upper()
    if isinstance(raw, Exception) or name in READS:
        return "read"
    if name in TAKES:
        return "changed" if _took(name, raw) else "idle"
    if name == b"PUBLISH":
        return "changed"
    return "read" if raw in (None, 0) and name not in CHANGES else "changed"


CHANGES = frozenset(b"INCR INCRBY DECR DECRBY HINCRBY LTRIM HSET".split())
"""Commands that change something although they may answer with 0."""


def _took(name: bytes, raw: Any) -> bool:
    if name == b"XAUTOCLAIM":
        return bool(raw[1] or (len(raw) > 2 and raw[2]))
    if name in (b"XREAD", b"XREADGROUP"):
        return any(_entries(raw))
    return raw is not None and raw != []


def _entries(raw: Any) -> list[tuple[bytes, Any]]:
    """(stream, entry) for each entry of a reply to XREAD or XREADGROUP."""
    pairs = raw.items() if isinstance(raw, dict) else (raw or [])
    return [(name, entry) for name, entries in pairs for entry in entries]


def handed_out(fields: Fields, raw: Any) -> Fields | None:
    """The command by which the first thing that was handed out comes once more."""
    name = fields[0].upper()
    if name in (b"XREAD", b"XREADGROUP"):
        for stream, entry in _entries(raw):
            if entry[1] is not None:
                return [b"XADD", stream, b"*", *entry[1]]
    if name == b"XAUTOCLAIM" or name == b"XCLAIM":
        for entry in raw[1] if name == b"XAUTOCLAIM" else raw:
            if isinstance(entry, list) and entry[1]:
                return [b"XADD", fields[1], b"*", *entry[1]]
    if name in POPS and raw is not None:
        key, value = raw if isinstance(raw, list) and name[:1] == b"B" else (fields[1], raw)
        return [b"RPUSH", key, value[0] if isinstance(value, list) else value]
    if name in (b"LMOVE", b"BLMOVE") and raw is not None:
        return [b"RPUSH", fields[1], raw]
    return None
