"""Settling what was handed out, at once or in a transaction (AMQP 0-9-1, basic and tx)."""

from collections.abc import Callable
from typing import Any

from pamqp import commands

from minibroker.queues.errors import PreconditionFailed
from minibroker.wire.amqp.channel import WireChannel
from minibroker.wire.amqp.errors import NOT_IMPLEMENTED, HardError
from minibroker.wire.amqp.transaction import Transaction


def _ack(channel: WireChannel, method: commands.Basic.Ack) -> None:
    broker, engine = channel.broker, channel.engine
    if channel.transaction is None:
        broker.ack(engine, method.delivery_tag, method.multiple)
    else:
        _later(channel, method, method.multiple, lambda tag: broker.ack(engine, tag))


def _nack(channel: WireChannel, method: commands.Basic.Nack) -> None:
    broker, engine, requeue = channel.broker, channel.engine, method.requeue
    if channel.transaction is None:
        broker.nack(engine, method.delivery_tag, method.multiple, requeue)
    else:
        _later(
            channel, method, method.multiple, lambda tag: broker.nack(engine, tag, False, requeue)
        )


def _reject(channel: WireChannel, method: Any) -> None:
    broker, engine, requeue = channel.broker, channel.engine, method.requeue
    if channel.transaction is None:
        broker.reject(engine, method.delivery_tag, requeue)
    else:
        _later(channel, method, False, lambda tag: broker.reject(engine, tag, requeue))


def _later(
    channel: WireChannel, method: Any, multiple: bool, settle: Callable[[int], None]
) -> None:
    """Settle in the channel's transaction."""
    transaction, tag = channel.transaction, method.delivery_tag
    assert transaction is not None
    tags = [each for each in channel.engine.tags(tag, multiple) if each not in transaction.settled]
    if not tags and not (multiple and tag == 0):
        raise PreconditionFailed(f"PRECONDITION_FAILED - unknown delivery tag {tag}")
    transaction.settled.update(tags)
    transaction.settles += [lambda each=each: settle(each) for each in tags]  # type: ignore[misc]


def _recover_async(channel: WireChannel, method: Any) -> None:
    if not method.requeue:
        raise HardError(NOT_IMPLEMENTED, "requeue=false")
    channel.broker.recover(channel.engine)


def _recover(channel: WireChannel, method: commands.Basic.Recover) -> None:
    with channel.connection.answering(channel.number, commands.Basic.RecoverOk):
        if not method.requeue:
            raise HardError(NOT_IMPLEMENTED, "requeue=false")
        channel.broker.recover(channel.engine)


def _select(channel: WireChannel, method: commands.Tx.Select) -> None:
    if channel.confirms.on:
        raise PreconditionFailed("PRECONDITION_FAILED - cannot switch from confirm to tx mode")
    if channel.transaction is None:
        channel.transaction = Transaction()
    channel.reply(commands.Tx.SelectOk)


def _ended(channel: WireChannel) -> Transaction:
    transaction = channel.transaction
    if transaction is None:
        raise PreconditionFailed("PRECONDITION_FAILED - channel is not transactional")
    channel.transaction = Transaction()
    return transaction


def _commit(channel: WireChannel, method: commands.Tx.Commit) -> None:
    def done() -> None:
        if channel.engine.open:
            channel.reply(commands.Tx.CommitOk)

    if not _ended(channel).commit(done):
        raise PreconditionFailed("PRECONDITION_FAILED - partial tx completion")


def _rollback(channel: WireChannel, method: commands.Tx.Rollback) -> None:
    _ended(channel)
    channel.reply(commands.Tx.RollbackOk)


HANDLERS: dict[type, Callable[[WireChannel, Any], None]] = {
    commands.Basic.Ack: _ack,
    commands.Basic.Nack: _nack,
    commands.Basic.Reject: _reject,
    commands.Basic.Recover: _recover,
    commands.Basic.RecoverAsync: _recover_async,
    commands.Tx.Select: _select,
    commands.Tx.Commit: _commit,
    commands.Tx.Rollback: _rollback,
}
