"""fakeredis's commands with what they lack: INFO, CONFIG GET, and what differs.

- A consumer that reads its own pending entries again starts their idle time anew (redis-server's
  t_stream.c, streamReplyWithRangeFromConsumerPEL; fakeredis only counts the delivery).
- XREADGROUP of a stream that does not exist is answered with NOGROUP.
- XREAD of ``>`` is answered as what only XREADGROUP knows.
- BLMOVE waits for a list that does not exist yet (fakeredis answers at once).
- INFO and CONFIG GET say what is true of this process and leave out the rest.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import fakeredis
from fakeredis import _helpers
from fakeredis import _msgs as msgs
from fakeredis._command_args_parsing import Timeout
from fakeredis._commands import Signature
from fakeredis._core import CommandItem
from fakeredis._helpers import SimpleError, compile_pattern
from fakeredis._socket import FakeSocket
from fakeredis.model import StreamEntryKey, XStream

VERSION = (8, 8)
"""The Redis whose commands these are."""


class RedisSocket(FakeSocket):
    """One connection."""

    def _name_to_func(self, cmd_name: str) -> tuple[Callable[..., Any] | None, Signature]:
        if (ours := _OURS.get(cmd_name)) is not None:
            return getattr(self, ours.func_name), ours
        found: tuple[Callable[..., Any] | None, Signature] = super()._name_to_func(cmd_name)
        return found

    def xreadgroup(self, *args: bytes) -> Any:
        """See the module."""
        _, group, _, *rest = args
        words = [each.lower() for each in rest]
        streams = rest[words.index(b"streams") + 1 :] if b"streams" in words else []
        half = len(streams) // 2
        for name in streams[:half]:
            if self._db.get(name) is None:
                raise SimpleError(
                    f"NOGROUP No such key '{name.decode(errors='replace')}' or consumer group "
                    f"'{group.decode(errors='replace')}' in XREADGROUP with GROUP option"
                )
        result = super().xreadgroup(*args)
        for name, start in zip(streams[:half], streams[half:], strict=False):
            if start != b">" and result:
                _read_again(self._db[name].value, group, result, name)
        return result

    def xread(self, *args: bytes) -> Any:
        """See the module."""
        words = [each.lower() for each in args]
        streams = args[words.index(b"streams") + 1 :] if b"streams" in words else ()
        if b">" in streams[len(streams) // 2 :]:
            raise SimpleError(
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                "<group> <consumer> option."
            )
        return super().xread(*args)

    def _blmove(
        self, source: bytes, destination: bytes, src: bytes, dst: bytes, timeout: float
    ) -> Any:
        def once(first: bool) -> Any:
            if self._db.get(source) is None:
                return None
            here = CommandItem(source, self._db, item=self._db.get(source))
            there = here
            if destination != source:
                item = self._db.get(destination)
                there = CommandItem(destination, self._db, item=item, default=[])
            if not (isinstance(here.value, list) and isinstance(there.value, list)):
                raise SimpleError(msgs.WRONGTYPE_MSG)
            moved = self._lmove(here, there, src, dst, first)
            here.writeback()
            there.writeback()
            return moved

        return self._blocking(timeout, once)

    def _info(self, *sections: bytes) -> bytes:
        wanted = {each.decode(errors="replace").lower() for each in sections}
        everything = not wanted or wanted & {"all", "everything", "default"}
        parts = [
            f"# {name}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in said.items())
            for name, said in self._facts().items()
            if everything or name.lower() in wanted
        ]
        return "\r\n".join(parts).encode()

    def _facts(self) -> dict[str, dict[str, object]]:
        version = ".".join(map(str, (*self.version, 0, 0)[:3]))
        keyspace: dict[str, object] = {
            f"db{number}": f"keys={len(database)},expires={_expiring(database)},avg_ttl=0"
            for number, database in sorted(self._server.dbs.items())
            if len(database)
        }
        return {
            "Server": {
                "redis_version": version,
                "redis_mode": "standalone",
                "server_name": f"minibroker (fakeredis {fakeredis.__version__})",
                "os": sys.platform,
                "process_id": os.getpid(),
            },
            "Clients": {"connected_clients": len(self._server.sockets)},
            "Persistence": {"loading": 0, "aof_enabled": 0},
            "Replication": {"role": "master", "connected_slaves": 0},
            "Cluster": {"cluster_enabled": 0},
            "Keyspace": keyspace,
        }

    def _config_get(self, *patterns: bytes) -> dict[bytes, bytes]:
        said = SETTINGS | self._server.config
        names = [
            name
            for name in sorted(said)
            if any(compile_pattern(each.lower()).match(name) for each in patterns)
        ]
        return {name: said[name] for name in names}


SETTINGS = {
    b"appendonly": b"no",
    b"databases": b"16",
    b"maxmemory": b"0",
    b"maxmemory-policy": b"noeviction",
    b"save": b"",
    b"stream-node-max-bytes": b"4096",
    b"stream-node-max-entries": b"100",
    b"timeout": b"0",
}
"""What is true of this server. A setting that it does not know it does not say."""

_OURS = {
    "info": Signature("info", "_info", (), (bytes,)),  # type: ignore[arg-type]
    "config get": Signature("config get", "_config_get", (bytes,), (bytes,)),
    "blmove": Signature("blmove", "_blmove", (bytes, bytes, bytes, bytes, Timeout)),  # type: ignore[arg-type]
}


def _expiring(database: Any) -> int:
    return sum(item.expireat is not None for item in database._dict.values())


def _read_again(stream: Any, group: bytes, result: Any, name: bytes) -> None:
    held = stream.group_get(group) if isinstance(stream, XStream) else None
    if held is None:
        return
    now = _helpers.current_time()
    for key, entries in result.items() if isinstance(result, dict) else result:
        for entry in entries if key == name else ():
            found = StreamEntryKey.parse_str(entry[0])
            if found in held.pel and entry[1] is not None:
                held.pel[found] = held.pel[found]._replace(time_read=now)
