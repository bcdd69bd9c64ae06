"""fakeredis in a world: its commands, at virtual time, one socket for each connection.

The commands are those of `minibroker.redis`. Three things fakeredis cannot know:

- *The time.* It asks the machine's clock and has no hook for another one. So its modules get a
  stand-in for `time`, which gives the world's time to the thread that is inside a command of
  `Server.running`, and the machine's to everybody else (a TCP server in another thread of the same
  process goes on as ever). Its chance (SPOP, RANDOMKEY) is a world's own in the same way.
- *Blocking.* A command that would block is answered as if it were in a MULTI, at once and with
  nothing; the agent then waits in the world and asks again: see `minibroker.agents.redis`.
- *Who looks on.* After each command, also those inside an EXEC, `Socket.told` is called.
"""

import random as real_random
import sys
import threading
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import fakeredis
import redis

from minibroker.redis.commands import VERSION, RedisSocket

Told = Callable[["Socket", str, list[Any]], None]
"""Called with the socket, the command's name and its arguments."""


class _Here(threading.local):
    """What the thread that is inside a command of a world has for time and chance."""

    now: Callable[[], float] | None = None
    chance: real_random.Random | None = None


_here = _Here()


class _Time(ModuleType):
    def time(self) -> float:
        return real_time.time() if _here.now is None else _here.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


class _Random(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(real_random if _here.chance is None else _here.chance, name)


def _stand_in() -> None:
    """Once, for all modules of fakeredis that have taken `time` or `random` from the machine."""
    time, random = _Time("time"), _Random("random")
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "fakeredis":
            for key, value in list(vars(module).items()):
                if value is real_time:
                    setattr(module, key, time)
                elif value is real_random:
                    setattr(module, key, random)


_stand_in()


class Server:
    """One Redis of a world. `now` gives the time in seconds since 1970."""

    def __init__(self, now: Callable[[], float], chance: real_random.Random) -> None:
        self._now = now
        self._chance = chance
        with self.running():
            self.fake = fakeredis.FakeServer(version=VERSION)
        self.database = self.fake.dbs[0]
        self.scenario: Socket

    @contextmanager
    def running(self) -> Iterator[None]:
        """In here fakeredis has the world's time and chance."""
        before = _here.now, _here.chance
        _here.now, _here.chance = self._now, self._chance
        try:
            yield
        finally:
            _here.now, _here.chance = before

    def connect(self, owner: str, told: Told) -> "Socket":
        """A connection for `owner`."""
        with self.running():
            return Socket(self, owner, told)


class Socket(RedisSocket):
    """One connection. `run` answers a command or raises what the server says against it."""

    def __init__(self, server: Server, owner: str, told: Told) -> None:
        self.owner = owner
        self.replies: list[Any] = []
        """What the server has sent and nobody has read."""
        self._told = told
        self._of = server
        super().__init__(server.fake, 0, client_class=redis.Redis, client_info={"resp": 2})

    def run(self, fields: list[bytes]) -> Any:
        """The raw reply of a command; raises what is one of redis-py's errors."""
        self.send(fields)
        reply = self.replies.pop()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def send(self, fields: list[bytes]) -> None:
        """Do a command; what comes of it is in `replies`."""
        with self._of.running():
            self._process_command(fields)

    def put_response(self, msg: Any) -> None:
        """The server sends something."""
        self.replies.append(msg)

    def leave(self) -> None:
        """The connection is closed."""
        with self._of.running():
            self.kill()

    def _run_command(self, func: Any, sig: Any, args: list[Any], from_script: bool) -> Any:
        result = super()._run_command(func, sig, args, from_script)
        self._told(self, sig.name, args)
        return result

    def _blocking(
        self,
        timeout: float | None,
        func: Callable[[bool], Any],
        shape: Callable[[Any], Any] | None = None,
    ) -> Any:
        found = func(True)
        return found if shape is None else shape(found)
