"""What a journal says of queues, each change as an object, and what is left of all of them.

Rule: making and reading a change stand side by side here.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from minibroker.queues.broker import Broker
from minibroker.queues.errors import ChannelError
from minibroker.queues.exchange import Exchange, Target
from minibroker.queues.keeper import Kept
from minibroker.queues.message import Copy, Death, Message
from minibroker.queues.queue import Queue
from minibroker.queues.routing import PREDECLARED
from minibroker.sim.values import Value, decoded, encoded
from minibroker.storage.state import Change


def queue_made(queue: Queue) -> Change:
    """With what it was declared with."""
    return {
        "is": "queue",
        "name": queue.name,
        "auto_delete": queue.auto_delete,
        "arguments": encoded(dict(queue.arguments.given)),
    }


def queue_gone(name: str) -> Change:
    """It takes its copies and its bindings along."""
    return {"is": "no queue", "name": name}


def exchange_made(exchange: Exchange) -> Change:
    """Its bindings are told of one by one."""
    return {
        "is": "exchange",
        "name": exchange.name,
        "kind": exchange.kind,
        "auto_delete": exchange.auto_delete,
        "internal": exchange.internal,
        "arguments": encoded(exchange.arguments),
    }


def exchange_gone(name: str) -> Change:
    """It takes its bindings along."""
    return {"is": "no exchange", "name": name}


def bound(target: Target, source: str, key: str, arguments: Mapping[str, Value]) -> Change:
    """A binding is there."""
    kind, name = target
    return {
        "is": "bound",
        "kind": kind,
        "name": name,
        "source": source,
        "key": key,
        "arguments": encoded(dict(arguments)),
    }


def unbound(target: Target, source: str, key: str, arguments: Mapping[str, Value]) -> Change:
    """And gone."""
    return bound(target, source, key, arguments) | {"is": "unbound"}


def arrived(id: int, queue: str, copy: Copy) -> Change:
    """A copy is in its queue."""
    message = copy.message
    return {
        "is": "copy",
        "id": id,
        "queue": queue,
        "number": message.number,
        "exchange": message.exchange,
        "key": message.routing_key,
        "properties": encoded(message.properties),
        "deaths": [list(astuple(death)) for death in message.deaths],
        "body": base64.b64encode(message.body).decode("ascii"),
        "attempts": copy.attempts,
        "failures": copy.failures,
        "failed before": message.failures,
        "copies": list(message.copies),
        "expires": copy.expires,
    }


def counted(copy: Copy) -> Change:
    """How often it was handed out, and failed."""
    return {
        "is": "counted",
        "id": copy.kept,
        "attempts": copy.attempts,
        "failures": copy.failures,
    }


def gone(id: int) -> Change:
    """A copy is no more."""
    return {"is": "gone", "id": id}


def all_of(broker: Broker, copies: Iterable[tuple[str, Copy]]) -> list[Change]:
    """All that is to be there again, in the fewest changes."""
    queues, exchanges = broker.lasting()
    names: set[Target] = {("queue", queue.name) for queue in queues}
    names |= {("exchange", exchange.name) for exchange in exchanges}
    changes = [queue_made(queue) for queue in queues]
    changes += [exchange_made(each) for each in exchanges if each.name not in PREDECLARED]
    changes += [
        bound(each.target, exchange.name, each.routing_key, each.arguments)
        for exchange in exchanges
        for each in exchange.bindings
        if each.target in names
    ]
    changes += [arrived(copy.kept, queue, copy) for queue, copy in copies]
    return changes


@dataclass
class Read:
    """What was read: `copies` by their ids, in the order in which they came, and what could not be
    made again, in a sentence each."""

    copies: dict[int, Kept] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)


def replayed(broker: Broker, changes: Iterable[Change]) -> Read:
    """Declare in an empty broker what is to be there, and give the copies for its queues."""
    read = Read()
    for change in changes:
        try:
            _replay(broker, read.copies, change)
        except ChannelError as error:
            read.trouble.append(error.text)
    for id in [id for id, kept in read.copies.items() if not broker.has_queue(kept.queue)]:
        del read.copies[id]
    return read


def _replay(broker: Broker, copies: dict[int, Kept], change: Change) -> None:
    match change:
        case {"is": "queue", "name": name}:
            broker.declare_queue(
                name, auto_delete=change["auto_delete"], arguments=_table(change["arguments"])
            )
        case {"is": "no queue", "name": name}:
            broker.delete_queue("broker", name)
            for each in [each for each, kept in copies.items() if kept.queue == name]:
                del copies[each]
        case {"is": "exchange", "name": name}:
            broker.declare_exchange(
                name,
                durable=True,
                kind=change["kind"],
                auto_delete=change["auto_delete"],
                internal=change["internal"],
                arguments=_table(change["arguments"]),
            )
        case {"is": "no exchange", "name": name}:
            broker.delete_exchange(name)
        case {"is": "bound", "name": name, "source": source, "key": key}:
            bind = broker.bind if change["kind"] == "queue" else broker.bind_exchange
            bind(name, source, key, _table(change["arguments"]))
        case {"is": "unbound", "name": name, "source": source, "key": key}:
            broker.unbind((change["kind"], name), source, key, _table(change["arguments"]))
        case {"is": "copy", "id": id}:
            copies[id] = _copy(change)
        case {"is": "counted", "id": id} if id in copies:
            copies[id] = replace(
                copies[id], attempts=change["attempts"], failures=change["failures"]
            )
        case {"is": "gone", "id": id}:
            copies.pop(id, None)


def _copy(change: Change) -> Kept:
    message = Message(
        change["number"],
        base64.b64decode(change["body"]),
        change["exchange"],
        change["key"],
        _table(change["properties"]),
        tuple(_death(death) for death in change["deaths"]),
        change.get("failed before", 0),
        tuple(change.get("copies", ())),
    )
    return Kept(
        change["id"],
        change["queue"],
        message,
        change["attempts"],
        change["failures"],
        change["expires"],
    )


def _death(fields: list[Any]) -> Death:
    death = Death(*fields)
    return replace(death, copies=tuple(death.copies))


def _table(text: str) -> dict[str, Value]:
    found = decoded(text)
    assert isinstance(found, dict)
    return found
