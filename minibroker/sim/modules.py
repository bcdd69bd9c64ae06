"""What a learner's `import` gets: the world's time and chance, and no way around the world.

`time`, `datetime`, `random`, `uuid`, `secrets` and `os` are stand-ins made for one incarnation:
the clock is virtual, chance is seeded, and what would leave the simulation is refused with a
sentence. The real modules are never patched, since the kernel's own threads use them. All other
imports are the real ones, but for those that start threads, processes or sockets.
"""

import builtins
import datetime as real_datetime
import os as real_os
import random as real_random
import secrets as real_secrets
import time as real_time
import uuid as real_uuid
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NoReturn

EPOCH = real_datetime.datetime(2026, 1, 5, 9, 0, 0, tzinfo=real_datetime.UTC)
"""What the clocks on the wall show at virtual time 0: a Monday morning."""

_EPOCH_US = int(EPOCH.timestamp()) * 1_000_000

REFUSED: Mapping[str, str] = dict.fromkeys(
    ("threading", "_thread", "concurrent", "multiprocessing", "subprocess"),
    "it would start threads or processes that the simulator cannot crash; write one worker "
    "and let the exercise start as many as it needs",
) | dict.fromkeys(
    ("socket", "ssl", "selectors", "select", "asyncio", "http", "urllib", "requests"),
    "it would talk past the simulator; use the clients that your function is given",
)


class NotSimulated(ImportError):
    """The module cannot be used in a simulated process; the text says why and what to do."""


class ProcessVanished(BaseException):
    """The learner's code asked for the end of its operating system process."""


def importer(
    now: Callable[[], int], sleep: Callable[[float], None], seed: str
) -> Callable[..., Any]:
    """An `__import__` for one incarnation.

    `now()` gives the virtual time in microseconds, `sleep(seconds)` is an effect, `seed` makes
    all chance of this incarnation.
    """
    made: dict[str, ModuleType] = {}
    chance: list[real_random.Random] = []

    def random() -> real_random.Random:
        if not chance:
            chance.append(real_random.Random(seed))
        return chance[0]

    makers: dict[str, Callable[[], ModuleType]] = {
        "time": lambda: _time(now, sleep),
        "datetime": lambda: _datetime(now),
        "random": lambda: _random(random()),
        "uuid": lambda: _uuid(random()),
        "secrets": lambda: _secrets(random()),
        "os": lambda: _os(random()),
    }

    def __import__(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        top = name.partition(".")[0]
        if top in REFUSED and level == 0:
            raise NotSimulated(f"{top} cannot be used here: {REFUSED[top]}")
        if name in makers and level == 0:
            if name not in made:
                made[name] = makers[name]()
            return made[name]
        return builtins.__import__(name, globals, locals, fromlist or (), level)

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
        gmtime=lambda secs=None: real_time.gmtime(moment(secs)),
        localtime=lambda secs=None: real_time.gmtime(moment(secs)),
        ctime=lambda secs=None: real_time.asctime(real_time.gmtime(moment(secs))),
        strftime=lambda form, t=None: real_time.strftime(form, t or real_time.gmtime(wall())),
    )


def _datetime(now: Callable[[], int]) -> ModuleType:
    class datetime(real_datetime.datetime):
        @classmethod
        def now(cls, tz: real_datetime.tzinfo | None = None) -> "datetime":
            then = EPOCH + real_datetime.timedelta(microseconds=now())
            then = then.astimezone(tz) if tz is not None else then.replace(tzinfo=None)
            return cls.combine(then.date(), then.timetz())

        @classmethod
        def utcnow(cls) -> "datetime":
            return cls.now()

        @classmethod
        def today(cls) -> "datetime":
            return cls.now()

    class date(real_datetime.date):
        @classmethod
        def today(cls) -> "date":
            then = EPOCH + real_datetime.timedelta(microseconds=now())
            return cls(then.year, then.month, then.day)

    return _stand_in(real_datetime, datetime=datetime, date=date)


def _random(chance: real_random.Random) -> ModuleType:
    class Random(real_random.Random):
        def __init__(self, x: Any = None) -> None:
            super().__init__(chance.random() if x is None else x)

    methods = {
        name: getattr(chance, name)
        for name in real_random.__all__
        if not name[0].isupper() and hasattr(chance, name)
    }
    return _stand_in(real_random, Random=Random, SystemRandom=Random, **methods)


def _uuid(chance: real_random.Random) -> ModuleType:
    def uuid4() -> real_uuid.UUID:
        return real_uuid.UUID(bytes=chance.randbytes(16), version=4)

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> real_uuid.UUID:
        return real_uuid.UUID(bytes=chance.randbytes(16), version=1)

    return _stand_in(real_uuid, uuid4=uuid4, uuid1=uuid1)


def _secrets(chance: real_random.Random) -> ModuleType:
    return _stand_in(
        real_secrets,
        token_bytes=lambda n=32: chance.randbytes(n),
        token_hex=lambda n=32: chance.randbytes(n).hex(),
        token_urlsafe=lambda n=32: real_uuid.UUID(bytes=chance.randbytes(16)).hex[:n],
        randbelow=chance.randrange,
        randbits=chance.getrandbits,
        choice=chance.choice,
    )


def _os(chance: real_random.Random) -> ModuleType:
    def vanish(status: int = 0) -> NoReturn:
        raise ProcessVanished(f"os._exit({status!r})")

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
        _exit=vanish,
        abort=lambda: vanish(134),
        urandom=chance.randbytes,
        **{name: refused(name) for name in leaving},
    )
