"""AMQP's frames, put together to units."""

from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from ackademy.reality.amqp_wire import Units

PUBLISH = b"".join(
    (
        frame.marshal(commands.Basic.Publish(exchange="", routing_key="orders"), 1),
        frame.marshal(
            ContentHeader(
                body_size=6, properties=commands.Basic.Properties(headers={"attempts": 2})
            ),
            1,
        ),
        frame.marshal(ContentBody(b"one"), 1),
        frame.marshal(ContentBody(b"two"), 1),
    )
)
ACK = frame.marshal(commands.Basic.Ack(delivery_tag=7), 1)


def test_a_message_is_one_unit_with_its_body_and_headers() -> None:
    [unit] = Units().feed(PUBLISH)
    assert (unit.name, unit.body, unit.headers) == ("Basic.Publish", b"onetwo", {"attempts": 2})
    assert unit.raw == PUBLISH


def test_a_message_without_a_body_is_whole_with_its_header() -> None:
    empty = frame.marshal(commands.Basic.Publish(routing_key="orders"), 1) + frame.marshal(
        ContentHeader(body_size=0, properties=commands.Basic.Properties()), 1
    )
    [unit] = Units().feed(empty)
    assert unit.body == b""


def test_a_message_is_held_back_until_it_is_whole() -> None:
    units = Units()
    assert units.feed(PUBLISH[:-1]) == []
    assert [unit.raw for unit in units.feed(PUBLISH[-1:])] == [PUBLISH]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_all_that_comes_goes_on_in_its_order_however_it_is_cut(sizes: list[int]) -> None:
    stream = b"AMQP\x00\x00\x09\x01" + ACK + frame.marshal(Heartbeat(), 0) + PUBLISH + ACK
    units, passed, at = Units(), b"", 0
    for size in sizes:
        passed += b"".join(unit.raw for unit in units.feed(stream[at : at + size]))
        at += size
    passed += b"".join(unit.raw for unit in units.feed(stream[at:]))
    assert passed == stream


def test_two_channels_may_send_their_messages_in_turns() -> None:
    def parts(channel: int, body: bytes) -> list[bytes]:
        header = ContentHeader(body_size=len(body), properties=commands.Basic.Properties())
        return [
            frame.marshal(commands.Basic.Publish(routing_key="orders"), channel),
            frame.marshal(header, channel),
            frame.marshal(ContentBody(body), channel),
        ]

    turns = zip(parts(1, b"one"), parts(2, b"two"), strict=True)
    found = Units().feed(b"".join(each for turn in turns for each in turn))
    assert [(unit.channel, unit.body) for unit in found] == [(1, b"one"), (2, b"two")]
