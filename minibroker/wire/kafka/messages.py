"""Requests and responses as `kio` reads and writes them, each version loaded when it is first used.

A field that a version lacks is left out when a response is made, so that one handler serves all the
versions of its request.

>>> types = schema("heartbeat", 4).response
>>> types.HeartbeatResponse(error_code=27, not_in_this_version=1).error_code.name
'rebalance_in_progress'
"""

import io
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any

from kio.schema.errors import ErrorCode
from kio.schema.index import api_key_map
from kio.serial import entity_reader, entity_writer

from minibroker.wire.kafka.skim import walk

NAMES: dict[int, str] = dict(api_key_map)
"""The name of each request by its api key."""

KEYS: dict[str, int] = {name: key for key, name in NAMES.items()}

AT_ONCE = timedelta(0)

_CODES = {int(code): code for code in ErrorCode}


class Schema:
    """One version of one request. `flexible` says whether headers and strings are the compact ones
    (KIP-482)."""

    def __init__(self, name: str, version: int) -> None:
        where = f"kio.schema.{name}.v{version}"
        of_request = import_module(f"{where}.request")
        of_response = import_module(f"{where}.response")
        title = "".join(word.capitalize() for word in name.split("_"))
        request = getattr(of_request, f"{title}Request")
        self.name, self.version = name, version
        self.flexible: bool = request.__flexible__
        self.response = Types(of_response)
        self._read = entity_reader(request)
        self._walk = walk(request)
        self._write = entity_writer(getattr(of_response, f"{title}Response"))

    def read(self, data: bytes, at: int) -> Any:
        """The request whose body begins there. BadFrame for one whose lengths are wrong, and what
        `kio` raises for a value that cannot be."""
        end = self._walk(data, at)
        request, size = self._read(data, at)
        assert end == at + size, "the walk and the reader disagree"
        return request

    def written(self, response: Any) -> bytes:
        """The body of a response."""
        buffer = io.BytesIO()
        self._write(buffer, response)
        return buffer.getvalue()


class Types:
    """The classes of one version's response; see the module's docstring."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        make = _lenient(getattr(self._module, name))
        setattr(self, name, make)
        return make


def _lenient(kind: type[Any]) -> Callable[..., Any]:
    known = {each.name: each for each in fields(kind)}
    throttled = "throttle_time" in known and known["throttle_time"].default is MISSING
    codes = [name for name in known if name.endswith("error_code")]

    def make(**given: Any) -> Any:
        taken = {name: value for name, value in given.items() if name in known}
        if throttled:
            taken["throttle_time"] = AT_ONCE
        for name in codes:
            taken[name] = _CODES[int(taken.get(name, 0))]
        return kind(**taken)

    return make


@cache
def schema(name: str, version: int) -> Schema:
    """That version of that request; ModuleNotFoundError if `kio` has none."""
    return Schema(name, version)


def ms(span: timedelta) -> int:
    """A span of a request in milliseconds, which is what stands on the wire."""
    return span // timedelta(milliseconds=1)
