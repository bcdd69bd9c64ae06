"""Which function answers which method of a channel."""

from collections.abc import Callable
from typing import Any

from minibroker.wire.amqp import messages, settling, topology
from minibroker.wire.amqp.channel import WireChannel

HANDLERS: dict[type, Callable[[WireChannel, Any], None]] = {
    **topology.HANDLERS,
    **messages.HANDLERS,
    **settling.HANDLERS,
}
