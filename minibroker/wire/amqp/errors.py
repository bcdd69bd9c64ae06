"""What ends a connection, with the reply codes of AMQP 0-9-1 (section 1.8, Constants).

What ends a channel only is a `minibroker.queues.errors.ChannelError`.
"""

FRAME_ERROR, SYNTAX_ERROR, COMMAND_INVALID, CHANNEL_ERROR, UNEXPECTED_FRAME = (
    501,
    502,
    503,
    504,
    505,
)
CONNECTION_FORCED = 320
NOT_ALLOWED, NOT_IMPLEMENTED, INTERNAL_ERROR = 530, 540, 541

HARD = frozenset({320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541})
"""Codes that end a connection, whoever raises them."""

_NAMES = {
    320: "CONNECTION_FORCED", 403: "ACCESS_REFUSED", 501: "FRAME_ERROR", 502: "SYNTAX_ERROR",
    503: "COMMAND_INVALID", 504: "CHANNEL_ERROR", 505: "UNEXPECTED_FRAME",
    530: "NOT_ALLOWED", 540: "NOT_IMPLEMENTED", 541: "INTERNAL_ERROR",
}  # fmt: skip


class HardError(Exception):
    """Closes the connection with this code; `text` is the reply text, after the code's name. With
    `lost` the bytes that follow cannot be understood and are not read any more. `method` is what
    caused it, if a method did."""

    def __init__(self, code: int, text: str, lost: bool = False, method: object = None) -> None:
        super().__init__(text)
        self.code, self.lost, self.method = code, lost, method
        self.text = f"{_NAMES[code]} - {text}" if text else _NAMES[code]
