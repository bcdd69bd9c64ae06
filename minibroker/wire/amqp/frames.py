"""Frames as they stand in a stream of bytes (AMQP 0-9-1, 4.2.3): a type, a channel, a length, the
payload, and an octet that is always the same.
"""

from minibroker.wire.amqp.errors import FRAME_ERROR, HardError

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8

END = 0xCE

OVERHEAD = 8
"""Bytes of a frame besides its payload."""

FUDGE = 8
"""RabbitMQ takes so many bytes more than were agreed on, since clients get it wrong."""

HEADER_091 = b"AMQP\x00\x00\x09\x01"
HEADER_09 = b"AMQP\x01\x01\x00\x09"

ALIVE = b"\x08\x00\x00\x00\x00\x00\x00\xce"
"""A heartbeat."""


def next_frame(buffer: bytearray, at: int, most: int) -> tuple[int, int, int, int] | None:
    """Type, channel, begin and end of the payload of the frame that stands at `at`; None while it
    is not whole. HardError for one that is larger than `most` bytes, or does not end as it must."""
    if len(buffer) - at < 7:
        return None
    kind = buffer[at]
    channel = buffer[at + 1] << 8 | buffer[at + 2]
    size = int.from_bytes(buffer[at + 3 : at + 7], "big")
    if size > most - OVERHEAD + FUDGE:
        raise HardError(
            FRAME_ERROR,
            f"type {kind}, all octets = <<>>: {{frame_too_large,{size},{most - OVERHEAD}}}",
            lost=True,
        )
    begin = at + 7
    end = begin + size
    if len(buffer) <= end:
        return None
    if buffer[end] != END:
        snippet = snipped(bytes(buffer[begin:end]))
        raise HardError(
            FRAME_ERROR,
            f"type {kind}, {snippet}: {{invalid_frame_end_marker,{buffer[end]}}}",
            lost=True,
        )
    return kind, channel, begin, end


def snipped(payload: bytes) -> str:
    """The beginning of a payload, as RabbitMQ shows it in its replies."""
    shown = ",".join(map(str, payload[:16]))
    return f"{'all' if len(payload) <= 16 else 'first 16'} octets = <<{shown}>>"


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """A frame as it is sent."""
    return b"%c%b%b%b\xce" % (kind, channel.to_bytes(2, "big"), len(payload).to_bytes(4, "big"),
                              payload)  # fmt: skip
