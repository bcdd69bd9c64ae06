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

FROM_A_CHILD = ("returned", "interrupted", "raised", "spun", "vanished")
"""The exits that a child may report of itself; the others are the parent's to say."""


class TooLate(Exception):
    """No whole frame came in time."""


class Gone(Exception):
    """The other side has closed."""


class Broke(Exception):
    """What came is no frame of this protocol."""


def send(sock: socket.socket, value: object) -> None:
    """Send one frame; raises `Gone` when nobody is there."""
    body = encoded(value).encode()
    try:
        sock.sendall(_LENGTH.pack(len(body)) + body)
    except OSError:
        raise Gone from None


def receive(sock: socket.socket, within: float | None = None) -> Value:
    """Receive one frame within so many seconds, all of it (None: however long it takes)."""
    deadline = None if within is None else time.monotonic() + within
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size, deadline))
    if length > LONGEST:
        raise Broke
    try:
        return decoded(_exactly(sock, length, deadline))
    except (ValueError, RecursionError):
        raise Broke from None


def _exactly(sock: socket.socket, size: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooLate
            sock.settimeout(left)
        try:
            part = sock.recv(size - len(parts))
        except TimeoutError:
            raise TooLate from None
        except OSError:
            raise Gone from None
        if not part:
            raise Gone
        parts += part
    return bytes(parts)


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
