"""Exchanges of every type, bound to queues and to one another (RabbitMQ, "Exchanges")."""

from collections.abc import Callable
from typing import Any

import pytest

from minibroker.queues.errors import ChannelError
from minibroker.sim.trace import Published
from tests.minibroker.queues.client import Stand


def bound(kind: str, **bindings: Any) -> Stand:
    """An exchange ``x`` and a queue for each binding, by a key or by arguments."""
    stand = Stand()
    stand.broker.declare_exchange("x", kind=kind)
    for queue, how in bindings.items():
        stand.queue(queue)
        key, arguments = (how, {}) if isinstance(how, str) else ("", how)
        stand.broker.bind(queue, "x", key, arguments)
    return stand


def reached(stand: Stand, key: str = "", exchange: str = "x", **headers: Any) -> list[str]:
    stand.publish("one", to=key, exchange=exchange, headers=headers)
    return stand.trace.of(Published)[-1].queues


def test_a_direct_exchange_compares_keys() -> None:
    stand = bound("direct", a="paid", b="sent", c="paid")
    assert reached(stand, "paid") == ["a", "c"]
    assert reached(stand, "none") == []


def test_a_fanout_exchange_looks_at_nothing() -> None:
    assert reached(bound("fanout", a="paid", b="sent"), "none") == ["a", "b"]


def test_a_topic_exchange_matches_patterns() -> None:
    stand = bound("topic", a="order.*", b="order.#", c="*.paid")
    assert reached(stand, "order.paid") == ["a", "b", "c"]
    assert reached(stand, "order") == ["b"]


@pytest.mark.parametrize(
    ("arguments", "headers", "expected"),
    [
        ({"format": "pdf", "size": 1}, {"format": "pdf", "size": 1, "more": 0}, True),
        ({"format": "pdf", "size": 1}, {"format": "pdf"}, False),
        ({"x-match": "all", "format": "pdf"}, {"format": "pdf"}, True),
        ({"x-match": "any", "format": "pdf", "size": 1}, {"size": 1}, True),
        ({"x-match": "any", "format": "pdf", "size": 1}, {"size": 2}, False),
        ({"x-match": "all"}, {}, True),
        ({"x-match": "any"}, {}, False),
        ({}, {}, True),
        ({"format": None}, {"format": "pdf"}, True),
        ({"format": None}, {}, False),
        ({"x-kind": "a", "format": "pdf"}, {"format": "pdf"}, True),
        ({"x-match": "all-with-x", "x-kind": "a", "format": "pdf"}, {"format": "pdf"}, False),
        ({"x-match": "any-with-x", "x-kind": "a"}, {"x-kind": "a"}, True),
        ({"x-match": "any", "x-kind": "a"}, {"x-kind": "a"}, False),
        ({"size": 1}, {"size": True}, False),
        ({"size": 1}, {"size": 1.0}, False),
    ],
)
def test_a_headers_exchange_compares_headers(
    arguments: dict[str, Any], headers: dict[str, Any], expected: bool
) -> None:
    assert reached(bound("headers", a=arguments), **headers) == (["a"] if expected else [])


def test_a_queue_bound_twice_gets_one_copy() -> None:
    stand = bound("topic", a="#")
    stand.broker.bind("a", "x", "order.*")
    assert reached(stand, "order.paid") == ["a"]


@pytest.mark.parametrize("name", ["direct", "fanout", "topic", "headers", "match"])
def test_there_is_one_of_each_type_from_the_beginning(name: str) -> None:
    stand = bound("direct")
    stand.queue("a")
    stand.broker.bind("a", f"amq.{name}", "k")
    assert reached(stand, "k", exchange=f"amq.{name}") == ["a"]


# --- exchange to exchange ("Exchange to Exchange Bindings") -------------------------------------


def test_a_message_passes_from_exchange_to_exchange() -> None:
    stand = bound("direct", a="paid")
    stand.broker.declare_exchange("all", kind="topic")
    assert stand.broker.bind_exchange("x", "all", "#")
    assert not stand.broker.bind_exchange("x", "all", "#")
    assert reached(stand, "paid", exchange="all") == ["a"]
    assert stand.broker.unbind(("exchange", "x"), "all", "#")
    assert reached(stand, "paid", exchange="all") == []


def test_a_circle_of_exchanges_ends() -> None:
    stand = bound("fanout", a="")
    stand.broker.declare_exchange("y", kind="fanout")
    stand.broker.bind_exchange("y", "x", "")
    stand.broker.bind_exchange("x", "y", "")
    assert reached(stand) == ["a"]
    assert reached(stand, exchange="y") == ["a"]


def test_nobody_publishes_to_an_internal_exchange_but_it_passes_on() -> None:
    stand = Stand()
    stand.broker.declare_exchange("inner", kind="fanout", internal=True)
    stand.broker.declare_exchange("outer", kind="fanout")
    stand.queue("a")
    stand.broker.bind("a", "inner", "")
    stand.broker.bind_exchange("inner", "outer", "")
    assert reached(stand, exchange="outer") == ["a"]
    with pytest.raises(ChannelError) as refused:
        stand.publish("one", exchange="inner")
    assert refused.value.text == (
        "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'"
    )


# --- alternate exchanges ("Alternate Exchanges") -------------------------------------------------


def test_what_no_binding_lets_through_goes_to_the_alternate_exchange() -> None:
    stand = Stand()
    stand.broker.declare_exchange("rest", kind="fanout")
    stand.broker.declare_exchange("x", arguments={"alternate-exchange": "rest"})
    stand.queue("a")
    stand.queue("lost")
    stand.broker.bind("a", "x", "known")
    stand.broker.bind("lost", "rest", "")
    assert reached(stand, "known") == ["a"]
    assert reached(stand, "other") == ["lost"]


def test_alternate_exchanges_follow_one_another() -> None:
    stand = Stand()
    stand.broker.declare_exchange("last", kind="fanout")
    stand.broker.declare_exchange("second", arguments={"alternate-exchange": "last"})
    stand.broker.declare_exchange("first", arguments={"alternate-exchange": "second"})
    stand.queue("lost")
    stand.broker.bind("lost", "last", "")
    assert reached(stand, "k", exchange="first") == ["lost"]


def test_an_alternate_exchange_that_is_not_there_leads_nowhere() -> None:
    stand = Stand()
    stand.broker.declare_exchange("x", arguments={"alternate-exchange": "none"})
    assert reached(stand, "k") == []


# --- the life of exchanges and bindings ---------------------------------------------------------


def test_unbinding_takes_one_binding_away() -> None:
    stand = bound("direct", a="paid")
    stand.broker.bind("a", "x", "sent")
    assert stand.broker.unbind(("queue", "a"), "x", "paid")
    assert not stand.broker.unbind(("queue", "a"), "x", "paid")
    assert (reached(stand, "paid"), reached(stand, "sent")) == ([], ["a"])


def test_bindings_with_other_arguments_are_other_bindings() -> None:
    stand = bound("headers", a={"x-match": "any", "size": 1})
    assert stand.broker.bind("a", "x", "", {"x-match": "any", "size": 2})
    assert not stand.broker.bind("a", "x", "", {"x-match": "any", "size": 2})
    stand.broker.unbind(("queue", "a"), "x", "", {"x-match": "any", "size": 1})
    assert (reached(stand, size=1), reached(stand, size=2)) == ([], ["a"])


def test_a_deleted_queue_leaves_its_bindings_behind() -> None:
    stand = bound("direct", a="paid")
    stand.broker.delete_queue("scenario", "a")
    stand.queue("a")
    assert reached(stand, "paid") == []


def test_an_auto_delete_exchange_goes_with_its_last_binding() -> None:
    stand = Stand()
    stand.broker.declare_exchange("x", auto_delete=True)
    stand.queue("a")
    stand.publish("one", exchange="x")
    stand.broker.bind("a", "x", "k")
    stand.broker.bind("a", "x", "l")
    stand.broker.unbind(("queue", "a"), "x", "k")
    stand.publish("one", exchange="x")
    stand.broker.delete_queue("scenario", "a")
    with pytest.raises(ChannelError, match="no exchange 'x'"):
        stand.publish("one", exchange="x")


def test_auto_delete_exchanges_go_one_after_another() -> None:
    stand = Stand()
    stand.broker.declare_exchange("x", auto_delete=True)
    stand.broker.declare_exchange("y", auto_delete=True)
    stand.queue("a")
    stand.broker.bind_exchange("y", "x", "k")
    stand.broker.bind("a", "y", "k")
    stand.broker.delete_queue("scenario", "a")
    for name in ("x", "y"):
        with pytest.raises(ChannelError, match=f"no exchange '{name}'"):
            stand.broker.declare_exchange(name, passive=True)


def test_a_deleted_exchange_is_gone_and_none_there_is_no_error() -> None:
    stand = bound("direct", a="paid")
    assert stand.broker.delete_exchange("x")
    assert not stand.broker.delete_exchange("x")
    with pytest.raises(ChannelError, match="no exchange 'x'"):
        stand.publish("one", exchange="x")


def test_declaring_and_binding_say_whether_they_changed_anything() -> None:
    stand = Stand()
    assert stand.broker.declare_exchange("x", kind="topic")
    assert not stand.broker.declare_exchange("x", kind="topic")
    stand.queue("a")
    assert stand.broker.bind("a", "x", "k")
    assert not stand.broker.bind("a", "x", "k")


REFUSED: dict[str, tuple[Callable[[Stand], object], int, str]] = {
    "another type": (
        lambda stand: stand.broker.declare_exchange("x", kind="fanout"),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received "
        "'fanout' but current is 'direct'",
    ),
    "internal": (
        lambda stand: stand.broker.declare_exchange("x", internal=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'internal' for exchange 'x' in vhost '/': received "
        "'true' but current is 'false'",
    ),
    "auto-delete": (
        lambda stand: stand.broker.declare_exchange("x", auto_delete=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': "
        "received 'true' but current is 'false'",
    ),
    "another alternate exchange": (
        lambda stand: stand.broker.declare_exchange("x", arguments={"alternate-exchange": "y"}),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost "
        "'/': received the value 'y' of type 'longstr' but current is none",
    ),
    "no such type": (
        lambda stand: stand.broker.declare_exchange("z", kind="round-robin"),
        406,
        "PRECONDITION_FAILED - unknown exchange type 'round-robin'",
    ),
    "an alternate exchange that is no name": (
        lambda stand: stand.broker.declare_exchange("z", arguments={"alternate-exchange": 7}),
        406,
        "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange "
        "'z' in vhost '/'",
    ),
    "an x-match that is none": (
        lambda stand: stand.broker.bind("a", "amq.headers", "", {"x-match": "most"}),
        406,
        'PRECONDITION_FAILED - Invalid x-match field value <<"most">>; expected all, any, '
        "all-with-x, or any-with-x",
    ),
    "deleting the broker's own": (
        lambda stand: stand.broker.delete_exchange("amq.topic"),
        403,
        "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed",
    ),
    "deleting the default one": (
        lambda stand: stand.broker.delete_exchange(""),
        403,
        "ACCESS_REFUSED - operation not permitted on the default exchange",
    ),
    "deleting one in use": (
        lambda stand: stand.broker.delete_exchange("x", if_unused=True),
        406,
        "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use",
    ),
    "binding an exchange that is not there": (
        lambda stand: stand.broker.bind_exchange("none", "x", ""),
        404,
        "NOT_FOUND - no exchange 'none' in vhost '/'",
    ),
    "binding to one that is not there": (
        lambda stand: stand.broker.bind_exchange("x", "none", ""),
        404,
        "NOT_FOUND - no exchange 'none' in vhost '/'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    call, code, text = REFUSED[name]
    stand = bound("direct", a="paid")
    with pytest.raises(ChannelError) as refused:
        call(stand)
    assert (refused.value.code, refused.value.text) == (code, text)
