"""Settling what was handed out: it is done with, goes back, or is given up."""

from functools import partial

from minibroker.queues.channel import Channel, Unacked
from minibroker.queues.errors import PreconditionFailed
from minibroker.queues.flow import Flow


class Settling:
    """What a consumer answers to its deliveries."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def ack(self, channel: Channel, tag: int, multiple: bool = False) -> None:
        """The client has taken responsibility; the copy is gone for good."""
        released = self._released(channel, tag, multiple)
        if self._flow.cluster is not None:
            released = self._flow.cluster.settle_later(
                channel, released, partial(self._acked, channel.owner)
            )
        for unacked in released:
            self._flow.settled(channel.owner, unacked.queue, unacked.copy, "acked")
        self._look_at(released, channel)

    def _acked(self, who: str, unacked: Unacked) -> None:
        self._flow.settled(who, unacked.queue, unacked.copy, "acked")

    def nack(self, channel: Channel, tag: int, multiple: bool, requeue: bool) -> None:
        """The client has not: back to the queue, or given up. Coming back so is no failure that a
        quorum queue counts (RabbitMQ 4.3, "Quorum Queues", Poison Message Handling)."""
        self._turned_down(channel, tag, multiple, requeue, "nacked", failed=False)

    def reject(self, channel: Channel, tag: int, requeue: bool, why: str = "rejected") -> None:
        """Like `nack`, for one copy; but coming back so counts as a failure."""
        self._turned_down(channel, tag, False, requeue, why, failed=True)

    def recover(self, channel: Channel) -> None:
        """All that the channel holds goes back (AMQP 0-9-1, basic.recover with requeue)."""
        self._turned_down(channel, 0, True, True, "recovered", failed=False)

    def _turned_down(
        self, channel: Channel, tag: int, multiple: bool, requeue: bool, why: str, failed: bool
    ) -> None:
        released = self._released(channel, tag, multiple)
        turn_down = partial(self._turn_down, channel.owner, requeue, why, failed)
        if self._flow.cluster is not None:
            released = self._flow.cluster.settle_later(channel, released, turn_down)
        for unacked in released:
            turn_down(unacked)
        self._look_at(released, channel)

    def _turn_down(self, who: str, requeue: bool, why: str, failed: bool, unacked: Unacked) -> None:
        if requeue:
            self._flow.requeue(who, unacked, why, failed)
        else:
            self._flow.give_up(who, unacked.queue, unacked.copy, "rejected")

    def _released(self, channel: Channel, tag: int, multiple: bool) -> list[Unacked]:
        tags = channel.tags(tag, multiple)
        if not tags and not (multiple and tag == 0):
            raise PreconditionFailed(f"PRECONDITION_FAILED - unknown delivery tag {tag}")
        released = [channel.unacked.pop(number) for number in tags]
        for unacked in released:
            if unacked.consumer is not None:
                unacked.consumer.unacked -= 1
        return released

    def _look_at(self, released: list[Unacked], channel: Channel) -> None:
        """Look at each queue that copies were released to or from, once."""
        if len(released) == 1:
            self._flow.look(released[0].queue)
        else:
            self._flow.look_at(unacked.queue for unacked in released)
        if channel.limit:
            self._flow.let([channel], channel.flowing)  # any of its subscriptions may have room now
