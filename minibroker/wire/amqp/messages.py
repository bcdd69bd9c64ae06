"""Publishing, subscribing and fetching: what brings messages in and out (AMQP 0-9-1, class basic;
class confirm; channel.flow and channel.close).
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, cast

from pamqp import commands

from minibroker.queues import direct_replies, terms
from minibroker.queues.errors import NotAllowed, PreconditionFailed
from minibroker.queues.message import Message
from minibroker.queues.publishing import Receipt
from minibroker.sim.values import Value
from minibroker.wire.amqp import methods, properties
from minibroker.wire.amqp.channel import WireChannel
from minibroker.wire.amqp.errors import NOT_IMPLEMENTED, HardError
from minibroker.wire.amqp.topology import named, table

NO_ROUTE = 312


def publish(channel: WireChannel, method: commands.Basic.Publish, raw: bytes, body: bytes) -> None:
    """A message is there as a whole."""
    channel.connection.published()
    if method.immediate:
        raise HardError(NOT_IMPLEMENTED, "immediate=true")
    found = properties.read(raw)
    if "user_id" in found:
        _check_user(channel, found["user_id"])
    if found.get("reply_to") == direct_replies.REPLIES:
        found = direct_replies.addressed(channel.engine, found)
        raw = properties.written(found)

    copies = _copies(found) if "headers" in found else []
    if copies and "BCC" in (headers := cast("dict[str, Value]", found["headers"])):
        found = found | {"headers": {name: headers[name] for name in headers if name != "BCC"}}
        raw = properties.written(found)

    def send() -> Receipt:
        receipt = channel.broker.send(
            channel.engine.owner,
            method.exchange,
            method.routing_key,
            body,
            found,
            method.mandatory,
            properties.Encoded(raw),
            copies,
            channel.engine,
        )
        if method.mandatory and not receipt.routed:
            _returned(channel, receipt.message)
        return receipt

    if channel.transaction is not None:
        channel.broker.check_publish(method.exchange, found)
        channel.transaction.publishes.append(send)
        return
    receipt = send()
    if not channel.confirms.on:
        return
    if receipt.pending is not None and receipt.accepted:
        channel.confirms.wait(receipt.pending)
    else:
        channel.confirms.add(receipt.accepted)


def _copies(found: Mapping[str, Value]) -> list[str]:
    """Further routing keys, from a message's headers (RabbitMQ, "Sender-selected Distribution")."""
    headers, keys = found["headers"], []
    for name in ("CC", "BCC"):
        given = headers.get(name, []) if isinstance(headers, dict) else []
        if not isinstance(given, list):
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - invalid message: {{unacceptable_type_in_header,"
                f'"{name}",{terms.kind(given)}}}'
            )
        keys += [key for key in given if isinstance(key, str)]
    return keys


def _check_user(channel: WireChannel, user: Value) -> None:
    mine = channel.connection.user
    if user != mine:
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - user_id property set to '{user!s}' but authenticated user was "
            f"'{mine}'"
        )


def _returned(channel: WireChannel, message: Message) -> None:
    method = methods.written(
        commands.Basic.Return, NO_ROUTE, "NO_ROUTE", message.exchange, message.routing_key
    )
    channel.content(method, properties.of_message(message), message.body)


def _consume(channel: WireChannel, method: commands.Basic.Consume) -> None:
    tag = method.consumer_tag or f"amq.ctag-{channel.connection.server.new_suffix()}"
    if tag in channel.engine.consumers:
        raise NotAllowed(f"NOT_ALLOWED - attempt to reuse consumer tag '{tag}'")
    queue = named(channel, method.queue)
    answer = (
        nullcontext()
        if method.nowait
        else channel.connection.answering(channel.number, commands.Basic.ConsumeOk, tag)
    )
    with answer:
        channel.broker.consume(
            channel.engine,
            queue,
            tag,
            method.no_ack,
            method.exclusive,
            table(method),
        )


def _cancel(channel: WireChannel, method: Any) -> None:
    channel.broker.cancel(channel.engine, method.consumer_tag)
    if not method.nowait:
        channel.reply(commands.Basic.CancelOk, method.consumer_tag)


def _get(channel: WireChannel, method: commands.Basic.Get) -> None:
    queue = named(channel, method.queue)
    delivery = channel.broker.get(channel.engine, queue, method.no_ack)
    if delivery is None:
        channel.reply(commands.Basic.GetEmpty, "")
        return
    message = delivery.copy.message
    answer = methods.written(
        commands.Basic.GetOk,
        delivery.tag,
        delivery.redelivered,
        message.exchange,
        message.routing_key,
        len(channel.broker.queue(queue)),
    )
    channel.content(answer, properties.of_copy(delivery.copy), message.body)


def _qos(channel: WireChannel, method: commands.Basic.Qos) -> None:
    """Per consumer. Where global QoS is not permitted, asking for it is asking for this (RabbitMQ's
    `rabbit_channel`)."""
    if method.prefetch_size:
        raise HardError(NOT_IMPLEMENTED, f"prefetch_size!=0 ({method.prefetch_size})")
    channel.broker.qos(channel.engine, method.prefetch_count, method.global_)
    channel.reply(commands.Basic.QosOk)


def _confirm(channel: WireChannel, method: commands.Confirm.Select) -> None:
    if channel.transaction is not None:
        raise PreconditionFailed("PRECONDITION_FAILED - cannot switch from tx to confirm mode")
    channel.confirms.on = True
    if not method.nowait:
        channel.reply(commands.Confirm.SelectOk)


def _flow(channel: WireChannel, method: commands.Channel.Flow) -> None:
    if not method.active:
        raise HardError(NOT_IMPLEMENTED, "active=false")
    channel.reply(commands.Channel.FlowOk, True)


def _close(channel: WireChannel, method: commands.Channel.Close) -> None:
    channel.leave()
    del channel.connection.channels[channel.number]
    channel.reply(commands.Channel.CloseOk)


def _close_ok(channel: WireChannel, method: commands.Channel.CloseOk) -> None:
    """It answers nothing that was asked."""


HANDLERS: dict[type, Callable[[WireChannel, Any], None]] = {
    commands.Basic.Consume: _consume,
    commands.Basic.Cancel: _cancel,
    commands.Basic.Get: _get,
    commands.Basic.Qos: _qos,
    commands.Confirm.Select: _confirm,
    commands.Channel.Flow: _flow,
    commands.Channel.Close: _close,
    commands.Channel.CloseOk: _close_ok,
}
