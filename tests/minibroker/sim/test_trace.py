"""The trace and its text form."""

import json

from minibroker.sim.trace import (
    Crashed,
    Delivered,
    Ended,
    Published,
    Requested,
    Started,
    Trace,
    as_dict,
)


def trace() -> Trace:
    found = Trace()
    found.append(Started(at=0, who="worker#1"))
    found.append(
        Requested(
            at=5, who="worker#1", number=1, client="amqp", op="basic_get", args={"queue": "ä"}
        )
    )
    found.append(
        Published(
            at=7,
            who="scenario",
            message=1,
            exchange="",
            routing_key="orders",
            queues=["orders"],
            body=b"\x00",
        )
    )
    found.append(Crashed(at=7, who="worker#1", number=1))
    return found


def test_the_text_has_one_json_object_a_line_with_the_fields_in_the_order_of_the_class() -> None:
    assert trace().text() == (
        '{"event":"Started","at":0,"who":"worker#1"}\n'
        '{"event":"Requested","at":5,"who":"worker#1","number":1,"client":"amqp",'
        '"op":"basic_get","args":{"queue":"\\u00e4"}}\n'
        '{"event":"Published","at":7,"who":"scenario","message":1,"exchange":"",'
        '"routing_key":"orders","queues":["orders"],"body":{"$bytes":"AA=="},"headers":{}}\n'
        '{"event":"Crashed","at":7,"who":"worker#1","number":1}\n'
    )


def test_every_line_can_be_read_by_itself() -> None:
    lines = trace().text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == [
        "Started",
        "Requested",
        "Published",
        "Crashed",
    ]


def test_events_are_found_by_their_kind_in_order() -> None:
    found = trace()
    assert found.of(Started) == [Started(at=0, who="worker#1")]
    assert found.of(Delivered) == []
    assert len(found) == 4
    assert [type(event) for event in found] == [Started, Requested, Published, Crashed]


def test_an_event_as_a_dict_begins_with_its_kind() -> None:
    ended = Ended(at=9, why="quiet", effects=3)
    assert list(as_dict(ended).items()) == [
        ("event", "Ended"),
        ("at", 9),
        ("why", "quiet"),
        ("effects", 3),
    ]
