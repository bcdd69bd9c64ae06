"""What a learner's `import` gets: the world's time and chance, and no way around the world.

`time`, `datetime`, `random`, `uuid`, `secrets` and `os` are stand-ins made for one incarnation:
the clock is virtual, chance is seeded, and what would leave the simulation is refused with a
sentence. The real modules are never patched, since the kernel's own threads use them. All other
imports are the real ones, but for those that start threads, processes or sockets.
"""

import base64
import builtins
import calendar
import datetime as real_datetime
import os as real_os
import random as real_random
import secrets as real_secrets
import time as real_time
import uuid as real_uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, NoReturn

EPOCH = real_datetime.datetime(2026, 1, 5, 9, 0, 0, tzinfo=real_datetime.UTC)
"""What the clocks on the wall show at virtual time 0: a Monday morning."""

_EPOCH_US = int(EPOCH.timestamp()) * 1_000_000

REFUSED: Mapping[str, str] = (
    dict.fromkeys(
        ("threading", "_thread", "concurrent", "multiprocessing", "subprocess"),
        "it would start threads or processes that the simulator cannot crash; write one worker "
        "and let the exercise start as many as it needs",
    )
    | dict.fromkeys(
        ("socket", "ssl", "selectors", "select", "asyncio", "http", "urllib", "requests"),
        "it would talk past the simulator; use the clients that your function is given",
    )
    | {
        "confluent_kafka": "it would talk past the simulator; this function is given no Kafka "
        "cluster, so use the clients that it is given",
        "redis": "it would talk past the simulator; this function is given no Redis, so use the "
        "clients that it is given",
    }
    | dict.fromkeys(
        ("boto3", "aiobotocore", "aioboto3"),
        "it would talk past the simulator; use the sqs and sns clients that your function is given",
    )
)


class NotSimulated(ImportError):
    """The module cannot be used in a simulated process; the text says why and what to do."""


class ProcessVanished(GeneratorExit):
    """Raised in a process that has ended itself (`os._exit`), at whatever it does next."""


def importer(
    now: Callable[[], int],
    sleep: Callable[[float], None],
    vanish: Callable[[str], NoReturn],
    seed: str,
    packages: Mapping[str, Callable[[str], ModuleType]] | None = None,
) -> Callable[..., Any]:
    """An `__import__` for one incarnation.

    `now()` gives the virtual time in microseconds, `sleep(seconds)` is an effect, `vanish(call)`
    ends the process as `os._exit` would, `seed` makes all chance of this incarnation. What
    draws from the operating system's chance (`uuid`, `secrets`, `os`) has a generator of its own
    here, which `random.seed()` does not reach. `packages` give, by top name, the modules of what a
    client brings along instead of the machine's.
    """
    brought = packages or {}
    made: dict[str, ModuleType] = {}

    @cache  # late, since seeding costs more than many an incarnation
    def entropy() -> real_random.Random:
        return real_random.Random(f"{seed}/entropy")

    makers: dict[str, Callable[[], ModuleType]] = {
        "time": lambda: _time(now, sleep),
        "datetime": lambda: _datetime(now),
        "random": lambda: _random(seed, entropy()),
        "uuid": lambda: _uuid(entropy()),
        "secrets": lambda: _secrets(entropy()),
        "os": lambda: _os(entropy(), vanish),
    }

    def __import__(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        top = name.partition(".")[0]
        if top in brought and level == 0:
            module = brought[top](name)
            return module if fromlist else brought[top](top)
        if top in REFUSED and level == 0:
            raise NotSimulated(f"{top} cannot be used here: {REFUSED[top]}")
        found = builtins.__import__(name, globals, locals, fromlist or (), level)
        if top in makers and level == 0 and (name == top or not fromlist):
            if top not in made:
                made[top] = makers[top]()
            return made[top]
        return found

    return __import__


def _stand_in(real: ModuleType, **replaced: Any) -> ModuleType:
    module = ModuleType(real.__name__, real.__doc__)
    module.__dict__.update(real.__dict__)
    module.__dict__.update(replaced)
    return module


def _time(now: Callable[[], int], sleep: Callable[[float], None]) -> ModuleType:
    def wall() -> float:
        return (_EPOCH_US + now()) / 1_000_000

    def monotonic() -> float:
        return now() / 1_000_000

    def moment(then: float | None = None) -> float:
        return wall() if then is None else then

    return _stand_in(
        real_time,
        time=wall,
        time_ns=lambda: (_EPOCH_US + now()) * 1_000,
        sleep=sleep,
        **dict.fromkeys(("monotonic", "perf_counter", "process_time", "thread_time"), monotonic),
        **dict.fromkeys(
            ("monotonic_ns", "perf_counter_ns", "process_time_ns", "thread_time_ns"),
            lambda: now() * 1_000,
        ),
        # Local time is UTC, whatever the machine's is.
        timezone=0,
        altzone=0,
        daylight=0,
        tzname=("UTC", "UTC"),
        mktime=lambda t: float(calendar.timegm(t)),
        gmtime=lambda secs=None: real_time.gmtime(moment(secs)),
        localtime=lambda secs=None: real_time.gmtime(moment(secs)),
        ctime=lambda secs=None: real_time.asctime(real_time.gmtime(moment(secs))),
        strftime=lambda form, t=None: real_time.strftime(form, t or real_time.gmtime(wall())),
    )


def _datetime(now: Callable[[], int]) -> ModuleType:
    def aware(then: real_datetime.datetime) -> real_datetime.datetime:
        return then if then.tzinfo is not None else then.replace(tzinfo=real_datetime.UTC)

    class datetime(real_datetime.datetime):
        @classmethod
        def now(cls, tz: real_datetime.tzinfo | None = None) -> "datetime":
            return cls.fromtimestamp((_EPOCH_US + now()) / 1_000_000, tz)

        @classmethod
        def utcnow(cls) -> "datetime":
            return cls.now()

        @classmethod
        def today(cls) -> "datetime":
            return cls.now()

        @classmethod
        def fromtimestamp(
            cls, timestamp: float, tz: real_datetime.tzinfo | None = None
        ) -> "datetime":
            then = super().fromtimestamp(timestamp, tz or real_datetime.UTC)
            return then if tz is not None else then.replace(tzinfo=None)

        def timestamp(self) -> float:
            return real_datetime.datetime.timestamp(aware(self))

        def astimezone(self, tz: real_datetime.tzinfo | None = None) -> "datetime":
            then = real_datetime.datetime.astimezone(aware(self), tz or real_datetime.UTC)
            return type(self).combine(then.date(), then.timetz())

    class date(real_datetime.date):
        @classmethod
        def today(cls) -> "date":
            return cls.fromtimestamp((_EPOCH_US + now()) / 1_000_000)

        @classmethod
        def fromtimestamp(cls, timestamp: float) -> "date":
            then = real_datetime.datetime.fromtimestamp(timestamp, real_datetime.UTC)
            return cls(then.year, then.month, then.day)

    return _stand_in(real_datetime, datetime=datetime, date=date)


def _random(seed: str, entropy: real_random.Random) -> ModuleType:
    class Random(real_random.Random):
        def seed(self, a: Any = None, version: int = 2) -> None:
            super().seed(entropy.getrandbits(64) if a is None else a, version)

    chance = Random(seed)
    methods = {
        name: getattr(chance, name)
        for name in real_random.__all__
        if not name[0].isupper() and hasattr(chance, name)
    }
    return _stand_in(real_random, Random=Random, SystemRandom=_system_random(entropy), **methods)


def _system_random(entropy: real_random.Random) -> type[real_random.Random]:
    class SystemRandom(real_random.Random):
        """Cannot be seeded, as the real one."""

        def seed(self, *_: Any, **__: Any) -> None:
            super().seed(entropy.getrandbits(64))

    return SystemRandom


def _uuid(entropy: real_random.Random) -> ModuleType:
    def uuid4() -> real_uuid.UUID:
        return real_uuid.UUID(bytes=entropy.randbytes(16), version=4)

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> real_uuid.UUID:
        return real_uuid.UUID(bytes=entropy.randbytes(16), version=1)

    return _stand_in(real_uuid, uuid4=uuid4, uuid1=uuid1)


def _secrets(entropy: real_random.Random) -> ModuleType:
    def token_bytes(nbytes: int | None = None) -> bytes:
        return entropy.randbytes(real_secrets.DEFAULT_ENTROPY if nbytes is None else nbytes)

    def token_hex(nbytes: int | None = None) -> str:
        return token_bytes(nbytes).hex()

    def token_urlsafe(nbytes: int | None = None) -> str:
        return base64.urlsafe_b64encode(token_bytes(nbytes)).rstrip(b"=").decode("ascii")

    return _stand_in(
        real_secrets,
        SystemRandom=_system_random(entropy),
        token_bytes=token_bytes,
        token_hex=token_hex,
        token_urlsafe=token_urlsafe,
        randbelow=entropy.randrange,
        randbits=entropy.getrandbits,
        choice=entropy.choice,
    )


def _os(entropy: real_random.Random, vanish: Callable[[str], NoReturn]) -> ModuleType:
    def refused(name: str) -> Callable[..., NoReturn]:
        def call(*args: Any, **kwargs: Any) -> NoReturn:
            raise NotSimulated(
                f"os.{name} cannot be used here: it would reach outside the simulator; use the "
                "clients that your function is given"
            )

        return call

    leaving = [
        name
        for name in dir(real_os)
        if name.startswith(("exec", "spawn", "posix_spawn", "fork", "kill", "popen", "system"))
    ]
    return _stand_in(
        real_os,
        _exit=lambda status: vanish(f"os._exit({status!r})"),
        abort=lambda: vanish("os.abort()"),
        urandom=entropy.randbytes,
        **{name: refused(name) for name in leaving},
    )
