"""The broker's refusals, with the reply codes of AMQP 0-9-1 (section 1.8, Constants).

A channel error closes the channel that caused it; the connection lives on.
"""


class ChannelError(Exception):
    """Closes the channel. `code` is the AMQP reply code, the text is the reply text."""

    code = 0

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class AccessRefused(ChannelError):
    """403: what was asked for is reserved."""

    code = 403


class NotFound(ChannelError):
    """404: no such queue or exchange."""

    code = 404


class PreconditionFailed(ChannelError):
    """406: an unknown delivery tag, or a declaration that differs from what exists."""

    code = 406


class NotAllowed(ChannelError):
    """530: a consumer tag that is in use on the channel. RabbitMQ closes the connection for it;
    clients see to it that none is sent."""

    code = 530


class Deprecated(ChannelError):
    """541: a feature that is not permitted any more. RabbitMQ closes the connection for it."""

    code = 541


class InternalError(ChannelError):
    """541: the nodes that could do it are down. RabbitMQ closes the connection for it."""

    code = 541


class NotImplementedHere(ChannelError):
    """540: this type of queue has no such feature. RabbitMQ closes the connection for it."""

    code = 540


class ResourceLocked(ChannelError):
    """405: the queue is exclusive to another connection."""

    code = 405
