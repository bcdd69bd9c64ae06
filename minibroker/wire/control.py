"""The servers controlled over HTTP, for those who cannot call them: another process, another
language, a shell with curl.

===========================  ================================================================
``GET /brokers``             ``[{"broker": 1, "host": "127.0.0.1", "port": 9092, "runs": true}]``
``POST /brokers/2/stop``     shuts broker 2 down; others lead what it led
``POST /brokers/2/start``    starts it again, on the port that it had
``GET /nodes``               ``[{"node": 1, "host": "127.0.0.1", "port": 5672, "runs": true}]``, of
                             RabbitMQ's side
``POST /nodes/2/stop``       shuts node 2 down; its connections are closed
``POST /nodes/2/start``      starts it again, on the port that it had
``GET /queues``              ``[{"queue": "orders", "ready": 2, "unacked": 1, "consumers": 1}]``, of
                             RabbitMQ's side; of several nodes also ``leader``, ``members`` and
                             ``works``
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
import json
import logging
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from minibroker.sim.trace import as_dict
from minibroker.sim.values import encoded
from minibroker.wire.control_http import (
    LARGEST,
    PATIENCE,
    Refused,
    Request,
    check_from_here,
    head,
    is_loopback,
    only,
    read,
    write,
)

if TYPE_CHECKING:
    from minibroker.wire.amqp.server import AmqpServer
    from minibroker.wire.kafka.server import KafkaServer

log = logging.getLogger(__name__)

LINGER = 1.0
"""Seconds in which a client may send what nobody reads any more: a connection that is closed before
is reset, and the answer with it."""

PIECE = 500
"""Events of a trace that are written at once; the brokers work on between."""

LONGEST = 3600.0
"""Seconds that a fault may delay an answer."""

Servers = Mapping[str, Any]
"""By the names of `minibroker.wire.wires.USUAL`."""

_FAULT: dict[str, tuple[type, ...]] = {
    "wire": (str,), "request": (str,), "times": (int,), "skip": (int,), "delay": (int, float),
    "refuse": (bool,), "error": (str,), "close": (bool,),
}  # fmt: skip


async def start_control(servers: Servers, host: str, port: int) -> asyncio.Server:
    """Listen; `port` 0 is any that is free. ValueError for a `host` that others can reach, OSError
    for a port that is taken."""
    if not is_loopback(host):
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
            request = await read(reader)
        if request is None:
            return
        check_from_here(request)
        if request.path == "/trace":
            only("GET", request)
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
    await write(writer, head(status, "application/json"), json.dumps(answer).encode() + b"\n")


# --- what is asked -------------------------------------------------------------------------


async def _answer(servers: Servers, request: Request) -> object:
    match request.path.split("/")[1:]:
        case ["brokers"]:
            only("GET", request)
            return _brokers(_kafka(servers))
        case ["brokers", number, ("stop" | "start") as how]:
            only("POST", request)
            server = _kafka(servers)
            broker = _number("broker", server.brokers, number)
            try:
                await (server.stop_broker if how == "stop" else server.start_broker)(broker)
            except OSError as error:  # its port was taken meanwhile
                raise Refused(409, f"broker {broker} cannot be started: {error}") from None
            return _brokers(server)
        case ["nodes"]:
            only("GET", request)
            return _amqp(servers).all_nodes()
        case ["nodes", number, ("stop" | "start") as how]:
            only("POST", request)
            rabbit = _amqp(servers)
            node = _number("node", range(1, rabbit.nodes + 1), number)
            if rabbit.nodes == 1:
                raise Refused(
                    409, "a node that is alone cannot be stopped; start more with --nodes"
                )
            try:
                await (rabbit.stop_node if how == "stop" else rabbit.start_node)(node)
            except OSError as error:  # its port was taken meanwhile
                raise Refused(409, f"node {node} cannot be started: {error}") from None
            return rabbit.all_nodes()
        case ["queues"]:
            only("GET", request)
            return _amqp(servers).overview()
        case ["faults"] if request.method == "DELETE":
            for server in servers.values():
                if hasattr(server, "faults"):
                    server.faults.clear()
            return {}
        case ["faults"]:
            only("POST", request)
            _fail(servers, request.body)
            return {}
    there = "/brokers, /nodes, /queues, /faults and /trace"
    raise Refused(404, f"there is nothing here; there are {there}")


def _kafka(servers: Servers) -> "KafkaServer":
    if "kafka" not in servers:
        raise Refused(404, "Kafka does not run here; start it with --kafka")
    server: KafkaServer = servers["kafka"]
    return server


def _amqp(servers: Servers) -> "AmqpServer":
    if "amqp" not in servers:
        raise Refused(404, "RabbitMQ's side does not run here; start it with --amqp")
    server: AmqpServer = servers["amqp"]
    return server


def _brokers(server: "KafkaServer") -> list[dict[str, object]]:
    return [
        {"broker": each.number, "host": each.host, "port": each.port, "runs": each.listens}
        for each in server.brokers.values()
    ]


def _number(what: str, numbers: Iterable[int], text: str) -> int:
    for number in numbers:
        if text == str(number):
            return number
    there = ", ".join(map(str, numbers))
    raise Refused(404, f"there is no {what} of that number; there are {there}")


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
    await write(writer, head(200, "application/x-ndjson"))
    while lines := _lines(islice(events, PIECE)):
        await write(writer, lines)


def _lines(events: Iterable[Any]) -> bytes:
    return "".join(encoded(as_dict(event)) + "\n" for event in events).encode()
