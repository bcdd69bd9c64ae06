"""Queues, exchanges and bindings: the classes exchange and queue of AMQP 0-9-1."""

from collections.abc import Callable
from typing import Any, cast

from pamqp import commands

from minibroker.queues import direct_replies
from minibroker.queues.errors import NotFound
from minibroker.sim.values import Value
from minibroker.wire.amqp.channel import WireChannel
from minibroker.wire.amqp.errors import NOT_IMPLEMENTED, HardError
from minibroker.wire.amqp.methods import Method

NOT_SERVED = (
    "x-consumer-timeout",
    "x-consumer-disconnected-timeout",
    "x-delayed-retry-type",
    "x-delayed-retry-min",
    "x-delayed-retry-max",
)
"""Arguments of queues that RabbitMQ would act on."""


def named(channel: WireChannel, queue: str) -> str:
    """The queue that is meant: an empty name is that of the last one declared on the channel."""
    if queue:
        return queue
    if not channel.last_queue:
        raise NotFound("NOT_FOUND - no previously declared queue")
    return channel.last_queue


def table(method: Any) -> dict[str, Value]:
    """The arguments of a method, as they were read."""
    return cast("dict[str, Value]", method.arguments)


def _answer(channel: WireChannel, nowait: bool, kind: type[Method], *values: object) -> None:
    if not nowait:
        channel.reply(kind, *values)


def _clean(name: str) -> str:
    """RabbitMQ drops line ends from names (its `rabbit_channel`, strip_cr_lf)."""
    return name.replace("\n", "").replace("\r", "")


def _queue_declare(channel: WireChannel, method: commands.Queue.Declare) -> None:
    name = _clean(method.queue)
    if direct_replies.is_looked_for(name, method.passive):
        if name != direct_replies.REPLIES:
            channel.broker.queue(name)
        _answer(channel, method.nowait, commands.Queue.DeclareOk, name, 0, 1)
        return
    if method.passive and not name:
        name = named(channel, name)
    for argument in NOT_SERVED:
        if argument in table(method) and not method.passive:
            raise HardError(NOT_IMPLEMENTED, f"{argument} of a queue is not served here")
    queue = channel.broker.declare_queue(
        name,
        method.durable,
        method.passive,
        method.exclusive,
        method.auto_delete,
        table(method),
        channel.connection,
        channel.connection.node,
    )
    channel.last_queue = queue.name
    counts = (0, 0) if queue.halted else (len(queue), len(queue.consumers))  # it cannot be asked
    _answer(channel, method.nowait, commands.Queue.DeclareOk, queue.name, *counts)


def _queue_delete(channel: WireChannel, method: commands.Queue.Delete) -> None:
    count = channel.broker.delete_queue(
        channel.engine.owner,
        named(channel, method.queue),
        method.if_unused,
        method.if_empty,
        channel.connection,
    )
    _answer(channel, method.nowait, commands.Queue.DeleteOk, count)


def _queue_purge(channel: WireChannel, method: commands.Queue.Purge) -> None:
    queue = named(channel, method.queue)
    count = channel.broker.purge(channel.engine.owner, queue, channel.connection)
    _answer(channel, method.nowait, commands.Queue.PurgeOk, count)


def _key(channel: WireChannel, queue: str, key: str) -> str:
    """Without both names the routing key is that of the last queue declared, too."""
    return key if queue or key else channel.last_queue


def _queue_bind(channel: WireChannel, method: commands.Queue.Bind) -> None:
    channel.broker.bind(
        named(channel, _clean(method.queue)),
        _clean(method.exchange),
        _key(channel, method.queue, method.routing_key),
        table(method),
        channel.connection,
    )
    _answer(channel, method.nowait, commands.Queue.BindOk)


def _queue_unbind(channel: WireChannel, method: commands.Queue.Unbind) -> None:
    channel.broker.unbind(
        ("queue", named(channel, _clean(method.queue))),
        _clean(method.exchange),
        _key(channel, method.queue, method.routing_key),
        table(method),
    )
    channel.reply(commands.Queue.UnbindOk)


def _exchange_declare(channel: WireChannel, method: commands.Exchange.Declare) -> None:
    channel.broker.declare_exchange(
        _clean(method.exchange),
        method.durable,
        method.passive,
        method.exchange_type,
        method.auto_delete,
        method.internal,
        table(method),
    )
    _answer(channel, method.nowait, commands.Exchange.DeclareOk)


def _exchange_delete(channel: WireChannel, method: commands.Exchange.Delete) -> None:
    channel.broker.delete_exchange(_clean(method.exchange), method.if_unused)
    _answer(channel, method.nowait, commands.Exchange.DeleteOk)


def _exchange_bind(channel: WireChannel, method: commands.Exchange.Bind) -> None:
    channel.broker.bind_exchange(
        _clean(method.destination),
        _clean(method.source),
        method.routing_key,
        table(method),
    )
    _answer(channel, method.nowait, commands.Exchange.BindOk)


def _exchange_unbind(channel: WireChannel, method: commands.Exchange.Unbind) -> None:
    channel.broker.unbind(
        ("exchange", _clean(method.destination)),
        _clean(method.source),
        method.routing_key,
        table(method),
    )
    _answer(channel, method.nowait, commands.Exchange.UnbindOk)


HANDLERS: dict[type, Callable[[WireChannel, Any], None]] = {
    commands.Queue.Declare: _queue_declare,
    commands.Queue.Delete: _queue_delete,
    commands.Queue.Purge: _queue_purge,
    commands.Queue.Bind: _queue_bind,
    commands.Queue.Unbind: _queue_unbind,
    commands.Exchange.Declare: _exchange_declare,
    commands.Exchange.Delete: _exchange_delete,
    commands.Exchange.Bind: _exchange_bind,
    commands.Exchange.Unbind: _exchange_unbind,
}
