"""The trace and its text form."""

import json

from minibroker.sim.trace import (
    Crashed,
    Delivered,
    Ended,
    Event,
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


def test_events_that_were_appended_after_the_first_question_are_found_too() -> None:
    found = trace()
    assert (found.of(Started)[0].who, found.of(Ended)) == ("worker#1", [])
    found.append(Started(at=8, who="worker#2"))
    found.append(Ended(at=9, why="quiet", effects=1))
    assert [event.who for event in found.of(Started)] == ["worker#1", "worker#2"]
    assert [event.at for event in found.of(Ended)] == [9]
    found.append(Started(at=10, who="worker#3"))
    assert [event.who for event in found.of(Started)] == ["worker#1", "worker#2", "worker#3"]
    assert len(found.of(Ended)) == 1
    assert len(found) == 7


def test_an_empty_trace_has_no_events_until_it_has_some() -> None:
    found = Trace()
    assert found.of(Started) == []
    found.append(Started(at=0, who="worker#1"))
    assert len(found.of(Started)) == 1


def test_who_changes_what_was_found_does_not_change_the_trace() -> None:
    found = trace()
    found.of(Started).clear()
    found.of(Ended).append(Ended(at=0, why="quiet", effects=0))
    assert (len(found.of(Started)), len(found.of(Ended)), len(found)) == (1, 0, 4)


def test_events_of_a_kind_are_not_those_of_what_it_is_a_kind_of() -> None:
    assert trace().of(Event) == []
