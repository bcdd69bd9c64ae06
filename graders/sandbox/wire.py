"""Steps and replies as frames on a socket: four bytes of length, then JSON. Never pickle.

The child's side is not trusted: what it sends is bounded in size and checked field by field,
and anything that is no step is an `Exit` of kind ``broke``, whatever it was meant to be.
"""

import socket
import struct
import time

from minibroker.sim.effect import Answer, Effect, Exit, Interrupt, Refusal, Reply, Step
from minibroker.sim.values import Value, crossing, decoded, encoded

LONGEST = 256 * 1024
"""Bytes in one frame. A step holds one call's arguments and what was printed before it."""

_LENGTH = struct.Struct("!I")
_PIECE = 64 * 1024

FROM_A_CHILD = ("returned", "interrupted", "raised", "spun", "vanished")
"""The exits that a child may report of itself; the others are the parent's to say."""


class TooLate(Exception):
    """No whole frame came in time."""


class Gone(Exception):
    """The other side has closed."""


class Broke(Exception):
    """What came is no frame of this protocol."""


def send(sock: socket.socket, value: object, descriptor: int | None = None) -> None:
    """Send one frame, with a descriptor if one is given; raises `Gone` when nobody is there."""
    body = encoded(value).encode()
    head = _LENGTH.pack(len(body))
    try:
        if descriptor is not None:
            # It travels with the first byte that is sent along with it.
            socket.send_fds(sock, [head], [descriptor])
            sock.sendall(body)
        else:
            sock.sendall(head + body)
    except OSError:
        raise Gone from None


def receive(sock: socket.socket) -> Value:
    """Receive one frame, however long it takes; others may be right behind it."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    return _value(_exactly(sock, length))


def receive_with(sock: socket.socket) -> tuple[Value, socket.socket | None]:
    """Receive one frame, and the socket that was sent with it."""
    head, descriptors, _, _ = socket.recv_fds(sock, _LENGTH.size, 1)
    attached = socket.socket(fileno=descriptors[0]) if descriptors else None
    if not head:
        raise Gone
    head += _exactly(sock, _LENGTH.size - len(head))
    (length,) = _LENGTH.unpack(head)
    return _value(_exactly(sock, length)), attached


def receive_alone(sock: socket.socket, within: float | None = None) -> tuple[Value, int]:
    """Receive one frame where none may follow before it is answered, all of it within so many
    seconds (None: however long it takes); gives its length in bytes as well. This is read in one
    piece, since half the time of a short step would go into a second call."""
    deadline = None if within is None else time.monotonic() + within
    frame, whole = b"", _LENGTH.size
    while len(frame) < whole:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooLate
            sock.settimeout(left)
        frame += _part(sock, _PIECE)
        if len(frame) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(frame)
            if length > LONGEST:
                raise Broke
            whole = _LENGTH.size + length
    if len(frame) > whole:
        raise Broke
    return _value(frame[_LENGTH.size :]), whole


def receive_run(sock: socket.socket, most: int, within: float) -> list[tuple[Value, int]]:
    """Receive frames that come one after the other, up to `most` or to one that is an end, each
    with its length in bytes; nothing may follow."""
    deadline = time.monotonic() + within
    found: list[tuple[Value, int]] = []
    held = b""
    while len(found) < most and not (found and _is_end(found[-1][0])):
        whole = _LENGTH.size
        if len(held) >= whole:
            (length,) = _LENGTH.unpack_from(held)
            if length > LONGEST:
                raise Broke
            whole += length
        if len(held) >= whole > _LENGTH.size:
            found.append((_value(held[_LENGTH.size : whole]), whole))
            held = held[whole:]
            continue
        left = deadline - time.monotonic()
        if left <= 0:
            raise TooLate
        sock.settimeout(left)
        held += _part(sock, _PIECE)
    if held:
        raise Broke
    return found


def _is_end(value: Value) -> bool:
    return isinstance(value, dict) and "end" in value


def _value(body: bytes) -> Value:
    try:
        return decoded(body)
    except (ValueError, RecursionError):
        raise Broke from None


def _exactly(sock: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        parts += _part(sock, size - len(parts))
    return bytes(parts)


def _part(sock: socket.socket, most: int) -> bytes:
    try:
        part = sock.recv(most)
    except TimeoutError:
        raise TooLate from None
    except OSError:
        raise Gone from None
    if not part:
        raise Gone
    return part


def of_step(step: Step) -> dict[str, object]:
    """A step as the child sends it."""
    if isinstance(step, Effect):
        return {
            "do": [step.client, step.op],
            "args": step.args,
            "printed": step.printed,
        }
    return {
        "end": [step.how, step.error, step.message],
        "line": step.line,
        "printed": step.printed,
    }


def step_of(value: Value) -> Step:
    """A step as the parent reads it; raises `Broke` for what is none."""
    match value:
        case {"do": [str(client), str(op)], "args": dict(args), "printed": str(printed)}:
            try:
                return Effect(client, op, crossing(args), printed)  # type: ignore[arg-type]
            except TypeError:
                raise Broke from None
        case {
            "end": [str(how), str(error), str(message)],
            "line": int(line),
            "printed": str(printed),
        } if how in FROM_A_CHILD:
            return Exit(how, error, message, line, printed)  # type: ignore[arg-type]
    raise Broke


def of_reply(reply: Reply) -> dict[str, object]:
    """A reply as the parent sends it."""
    if isinstance(reply, Answer):
        return {"answer": reply.value, "now": reply.now}
    if isinstance(reply, Refusal):
        return {"refusal": [reply.error, reply.message], "data": reply.data, "now": reply.now}
    return {"interrupt": True, "now": reply.now}


def reply_of(value: Value) -> Reply:
    """A reply as the child reads it. The parent is trusted."""
    match value:
        case {"answer": answer, "now": int(now)}:
            return Answer(answer, now)
        case {"refusal": [str(error), str(message)], "data": dict(data), "now": int(now)}:
            return Refusal(error, message, data, now)
        case {"interrupt": True, "now": int(now)}:
            return Interrupt(now)
    raise Broke
