"""Some thousand mutated frames, on the way in and within a running connection."""

import logging
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx

from minibroker.wire.amqp import frames, methods
from minibroker.wire.amqp.running import Running
from tests.wire.amqp.raw import CAPABLE, PLAIN, TUNED, Raw, opened
from tests.wire.waiting import PATIENCE, soon

CONNECTIONS = 150

TABLE = {"x-max-length": 5, "list": [1, "two", {"three": None}], "flag": True}

HANDSHAKE = [
    frames.HEADER_091,
    frames.frame(1, 0, methods.written(Connection.StartOk, CAPABLE, "PLAIN", PLAIN, "en_US")),
    frames.frame(1, 0, methods.written(Connection.TuneOk, *TUNED)),
    frames.frame(1, 0, methods.written(Connection.Open, "/", "", False)),
    frames.frame(1, 1, methods.written(Channel.Open, "")),
]


def frame(kind: type[methods.Method], *values: object) -> bytes:
    """A method on channel 1."""
    return frames.frame(1, 1, methods.written(kind, *values))


GOOD = [
    frame(Queue.Declare, 0, "q", False, True, False, False, False, TABLE),
    frame(Exchange.Declare, 0, "e", "topic", False, True, False, False, False, TABLE),
    frame(Queue.Bind, 0, "q", "e", "a.#", False, TABLE),
    frame(Exchange.Bind, 0, "amq.fanout", "e", "*", False, {}),
    frame(Basic.Qos, 0, 3, False),
    frame(Basic.Consume, 0, "q", "t", False, False, False, False, {}),
    frame(Confirm.Select, False),
    frame(Basic.Publish, 0, "e", "a.b", True, False)
    + frames.frame(2, 1, b"\0\x3c\0\0" + (5).to_bytes(8, "big") + b"\x10\0\2")
    + frames.frame(3, 1, b"hello"),
    frame(Basic.Ack, 1, False),
    frame(Basic.Nack, 2, True, True),
    frame(Basic.Reject, 3, False),
    frame(Basic.Get, 0, "q", False),
    frame(Basic.Recover, True),
    frame(Basic.Cancel, "t", False),
    frame(Tx.Select),
    frame(Tx.Commit),
    frame(Queue.Purge, 0, "q", False),
    frame(Queue.Unbind, 0, "q", "e", "a.#", TABLE),
    frame(Channel.Flow, True),
    frame(Channel.Close, 200, "bye", 0, 0),
    frame(Channel.CloseOk),
    frames.ALIVE,
]


def mutated(chance: random.Random, data: bytes) -> bytes:
    """A few bytes changed, cut out, or doubled; the frame's length may be mended after that."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found))
        match chance.randrange(4):
            case 0:
                found[at] = chance.randrange(256)
            case 1:
                found[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                del found[at : at + chance.randint(1, 4)]
            case 3:
                found[at:at] = found[at : at + chance.randint(1, 8)]
        if not found:
            return b"\xce"
    if len(found) > 8 and chance.random() < 0.7:
        found[3:7] = (len(found) - 8).to_bytes(4, "big")
        found[-1] = frames.END
    return bytes(found)


def sent(chance: random.Random) -> Iterator[bytes]:
    """What one connection sends: most of it good, some of it not."""
    spoilt = chance.randrange(40)
    for number, data in enumerate(HANDSHAKE):
        yield mutated(chance, data) if number == spoilt else data
    for _ in range(chance.randint(5, 40)):
        data = chance.choice(GOOD)
        yield mutated(chance, data) if chance.random() < 0.2 else data


def wholly(raw: Raw, data: bytes) -> bool:
    """Send it; False if the server has closed meanwhile."""
    try:
        raw.socket.sendall(data)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("seed", range(3))
def test_mutated_frames_end_their_connections_and_nothing_else(
    rabbit: Running, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(seed)
    with caplog.at_level(logging.WARNING), opened(rabbit) as witness:
        witness.ask(1, Queue.Declare, 0, "witness", False, True, False, False, False, {})
        for _ in range(CONNECTIONS):
            with socket.create_connection((rabbit.host, rabbit.port), PATIENCE) as connection:
                raw = Raw(connection)
                for data in sent(chance):
                    if not wholly(raw, data):
                        break
                if chance.random() < 0.5:  # half of them go without a word
                    wholly(raw, frames.frame(1, 0, methods.written(Connection.CloseOk)))
                    wholly(raw, frames.frame(1, 0, methods.written(Connection.Close, 0, "", 0, 0)))
                    with suppress(OSError):  # the server was first
                        connection.shutdown(socket.SHUT_WR)
                    assert raw.is_closed()
            answer = witness.ask(1, Queue.Declare, 0, "witness", True, *[False] * 4, {})
            assert isinstance(answer, Queue.DeclareOk)
        soon(lambda: rabbit.ask(lambda server: len(server.connections)) == 1)
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []
    closings = [each for each in caplog.records if "clos" in each.getMessage()]
    assert len(closings) > CONNECTIONS // 4


def test_half_open_connections_are_given_up(
    rabbit: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minibroker.wire.amqp.connection.HANDSHAKE", 0.1)
    for count in range(len(HANDSHAKE) - 1):
        with socket.create_connection((rabbit.host, rabbit.port), PATIENCE) as connection:
            raw = Raw(connection)
            for data in HANDSHAKE[:count]:
                wholly(raw, data)
            assert raw.is_closed()
    soon(lambda: rabbit.ask(lambda server: len(server.connections)) == 0)
