"""The servers controlled over HTTP, for those who cannot call them: another process, another
language, a shell with curl.

===========================  ================================================================
``GET /brokers``             ``[{"broker": 1, "host": "127.0.0.1", "port": 9092, "runs": true}]``
``POST /brokers/2/stop``     shuts broker 2 down; others lead what it led
``POST /brokers/2/start``    starts it again, on the port that it had
``GET /queues``              ``[{"queue": "orders", "ready": 2, "unacked": 1, "consumers": 1}]``, of
                             RabbitMQ's side
``POST /faults``             ``{"request": "produce", "close": true, "times": 1}``; with ``"wire":
                             "amqp"`` or ``"aws"`` for another than Kafka, and the request by its
                             name there: see `minibroker.wire.faults`
``DELETE /faults``           nothing goes wrong any more
``GET /trace``               what happened, one JSON object a line, of a Kafka that keeps a trace
===========================  ================================================================

Rule: no request, however wrong, does more than to be answered with a sentence. There is no
authentication, and a web page in the browser of whoever runs this can send requests to it. So it
listens on this machine only, answers only those that call it by such a name (a page's own name may
be made to lead here), and takes no request that says which page it comes from.
"""

import asyncio
import ipaddress
import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from minibroker.sim.trace import as_dict
from minibroker.sim.values import encoded

if TYPE_CHECKING:
    from minibroker.wire.kafka.server import KafkaServer

log = logging.getLogger(__name__)

LARGEST = 64 * 1024
"""Bytes of a request's head, and of its body."""

PATIENCE = 10.0
"""Seconds in which a request must have come, and in which each piece of an answer must be taken."""

LINGER = 1.0
"""Seconds in which a client may send what nobody reads any more: a connection that is closed before
is reset, and the answer with it."""

PIECE = 500
"""Events of a trace that are written at once; the brokers work on between."""

LONGEST = 3600.0
"""Seconds that a fault may delay an answer."""

_REASONS = {
    200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 413: "Content Too Large", 500: "Internal Server Error",
}  # fmt: skip

Servers = Mapping[str, Any]
"""By the names of `minibroker.wire.wires.USUAL`."""

_FAULT: dict[str, tuple[type, ...]] = {
    "wire": (str,), "request": (str,), "times": (int,), "skip": (int,), "delay": (int, float),
    "refuse": (bool,), "error": (str,), "close": (bool,),
}  # fmt: skip


class Refused(Exception):
    """The request is answered with this status and sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Request(NamedTuple):
    """One request; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def start_control(servers: Servers, host: str, port: int) -> asyncio.Server:
    """Listen; `port` 0 is any that is free. ValueError for a `host` that others can reach, OSError
    for a port that is taken."""
    if not _is_loopback(host):
        raise ValueError(f"whoever reaches {host} could control the brokers; take 127.0.0.1")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _serve(servers, reader, writer)
            writer.write_eof()
            async with asyncio.timeout(LINGER):
                while await reader.read(LARGEST):
                    pass
        except (OSError, TimeoutError):
            pass  # it is gone, or takes nothing
        finally:
            writer.close()

    return await asyncio.start_server(serve, host, port, limit=LARGEST)


async def _serve(
    servers: Servers, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one request; each has a connection of its own."""
    try:
        async with asyncio.timeout(PATIENCE):
            request = await _read(reader)
        if request is None:
            return
        _from_here(request)
        if request.path == "/trace":
            _only("GET", request)
            await _trace(_kafka(servers), writer)
            return
        status, answer = 200, await _answer(servers, request)
    except Refused as refused:
        status, answer = refused.status, {"error": refused.text}
    except (OSError, TimeoutError):
        raise
    except Exception:
        log.exception("a request to control the brokers failed")
        status, answer = 500, {"error": "the request failed; the server's log says why"}
    await _write(writer, _head(status, "application/json"), json.dumps(answer).encode() + b"\n")


# --- what is asked -------------------------------------------------------------------------


async def _answer(servers: Servers, request: Request) -> object:
    match request.path.split("/")[1:]:
        case ["brokers"]:
            _only("GET", request)
            return _brokers(_kafka(servers))
        case ["brokers", number, ("stop" | "start") as how]:
            _only("POST", request)
            server = _kafka(servers)
            broker = _number(server, number)
            try:
                await (server.stop_broker if how == "stop" else server.start_broker)(broker)
            except OSError as error:  # its port was taken meanwhile
                raise Refused(409, f"broker {broker} cannot be started: {error}") from None
            return _brokers(server)
        case ["queues"]:
            _only("GET", request)
            if "amqp" not in servers:
                raise Refused(404, "RabbitMQ's side does not run here; start it with --amqp")
            return servers["amqp"].overview()
        case ["faults"] if request.method == "DELETE":
            for server in servers.values():
                if hasattr(server, "faults"):
                    server.faults.clear()
            return {}
        case ["faults"]:
            _only("POST", request)
            _fail(servers, request.body)
            return {}
    raise Refused(404, "there is nothing here; there are /brokers, /queues, /faults and /trace")


def _kafka(servers: Servers) -> "KafkaServer":
    if "kafka" not in servers:
        raise Refused(404, "Kafka does not run here; start it with --kafka")
    server: KafkaServer = servers["kafka"]
    return server


def _brokers(server: "KafkaServer") -> list[dict[str, object]]:
    return [
        {"broker": each.number, "host": each.host, "port": each.port, "runs": each.listens}
        for each in server.brokers.values()
    ]


def _number(server: "KafkaServer", text: str) -> int:
    for number in server.brokers:
        if text == str(number):
            return number
    there = ", ".join(map(str, server.brokers))
    raise Refused(404, f"there is no broker of that number; there are {there}")


def _fail(servers: Servers, body: bytes) -> None:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise Refused(400, 'the body is to be a JSON object such as {"request": "produce", ...}')
    for name, value in asked.items():
        if name not in _FAULT:
            raise Refused(400, f"a fault has no {name!r:.60}; it has {', '.join(_FAULT)}")
        if type(value) not in _FAULT[name]:
            raise Refused(400, f"{name} is to be {_FAULT[name][-1].__name__}, not {value!r:.60}")
    if "request" not in asked:
        raise Refused(400, "say which request is to go wrong, such as produce")
    if asked.get("times", 1) < 1 or asked.get("skip", 0) < 0:
        raise Refused(400, "times is to be 1 or more, and skip 0 or more")
    if not 0 <= asked.get("delay", 0) <= LONGEST:  # nor is NaN
        raise Refused(400, f"delay is to be from 0 to {LONGEST:.0f} seconds")
    wire = asked.pop("wire", "kafka")
    there = [name for name, server in servers.items() if hasattr(server, "faults")]
    if wire not in there:
        raise Refused(400, f"there is no wire {wire!r:.60} to fail; take {', '.join(there)}")
    try:
        servers[wire].faults.add(asked.pop("request"), **asked)
    except ValueError as error:
        raise Refused(400, str(error)) from None


async def _trace(server: "KafkaServer", writer: asyncio.StreamWriter) -> None:
    """As it is now; what is appended while it is written is not of it."""
    if not server.trace.kept:
        raise Refused(404, "this server keeps no trace; it has to be started with one")
    events = islice(iter(server.trace), len(server.trace))
    await _write(writer, _head(200, "application/x-ndjson"))
    while lines := _lines(islice(events, PIECE)):
        await _write(writer, lines)


def _lines(events: Iterable[Any]) -> bytes:
    return "".join(encoded(as_dict(event)) + "\n" for event in events).encode()


# --- HTTP ----------------------------------------------------------------------------------


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """None if it is not whole when the client goes."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise Refused(413, f"the head of a request has more than {LARGEST} bytes") from None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise Refused(400, "this is no request of HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Refused(400, "a header has no colon")
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise Refused(400, "a body is taken with its Content-Length only")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 10:
        raise Refused(400, "the Content-Length is no number of bytes")
    if int(length) > LARGEST:
        raise Refused(413, f"a body of more than {LARGEST} bytes is not taken")
    with suppress(asyncio.IncompleteReadError):
        return Request(words[0], words[1], headers, await reader.readexactly(int(length)))
    return None


def _from_here(request: Request) -> None:
    """Raise for what a web page sends: see the module."""
    name = request.headers.get("host", "")
    host = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
    if "origin" in request.headers or not _is_loopback(host.strip("[]")):
        raise Refused(403, "only programs on this machine are answered, no web page; use 127.0.0.1")


def _only(method: str, request: Request) -> None:
    if request.method != method:
        raise Refused(405, f"{request.path[:60]} takes {method} only")


def _head(status: int, kind: str) -> bytes:
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
    ).encode()


async def _write(writer: asyncio.StreamWriter, *data: bytes) -> None:
    writer.writelines(data)
    async with asyncio.timeout(PATIENCE):
        await writer.drain()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
