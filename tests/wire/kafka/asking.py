"""A client of one connection that sends any request in any version, and gets what was answered."""

import io
import socket
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from typing import Any

from kio.serial import entity_reader, entity_writer
from kio.static.primitive import i32Timedelta

from minibroker.wire.kafka.frames import API_VERSIONS
from minibroker.wire.kafka.messages import KEYS

PATIENCE = 5.0

SECOND = i32Timedelta.parse(timedelta(seconds=1))


class Of:
    """The classes of one version's request: fields that the version lacks are left out."""

    def __init__(self, name: str, version: int) -> None:
        self.name, self.version = name, version
        self._module = import_module(f"kio.schema.{name}.v{version}.request")

    def __getattr__(self, name: str) -> Any:
        kind = getattr(self._module, name)
        known = {each.name for each in fields(kind)}
        return lambda **given: kind(**{k: v for k, v in given.items() if k in known})


class Wire:
    """Connected to a port of this machine. `ask` raises ConnectionError when it is closed."""

    def __init__(self, port: int, sock: socket.socket | None = None) -> None:
        self.socket = sock or socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.correlation = 0

    def ask(self, name: str, version: int, make: Any = None, **given: Any) -> Any:
        """Send the request of these fields; `make(of)` gives further ones whose values are made of
        the version's classes."""
        of = Of(name, version)
        title = "".join(word.capitalize() for word in name.split("_"))
        request = getattr(of, f"{title}Request")(**given, **(make(of) if make else {}))
        flexible = type(request).__flexible__
        self.correlation += 1
        buffer = io.BytesIO()
        entity_writer(type(request))(buffer, request)
        head = KEYS[name].to_bytes(2, "big") + version.to_bytes(2, "big")
        head += self.correlation.to_bytes(4, "big") + b"\x00\x04test" + b"\x00" * flexible
        self.send(head + buffer.getvalue())
        answer = self.receive()
        assert int.from_bytes(answer[:4], "big") == self.correlation
        module = import_module(f"kio.schema.{name}.v{version}.response")
        at = 5 if flexible and KEYS[name] != API_VERSIONS else 4
        found, size = entity_reader(getattr(module, f"{title}Response"))(answer, at)
        assert at + size == len(answer)
        return found

    def send(self, frame: bytes) -> None:
        self.socket.sendall(len(frame).to_bytes(4, "big") + frame)

    def receive(self) -> bytes:
        size = int.from_bytes(self._exactly(4), "big")
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self.socket.recv(size - len(found))
            if not more:
                raise ConnectionError("closed")
            found += more
        return found

    def close(self) -> None:
        self.socket.close()
