"""The arguments of a queue, and how bad ones are refused (RabbitMQ's `rabbit_amqqueue`)."""

from typing import Any

import pytest

from minibroker.queues.arguments import DELIVERY_LIMIT, HAS, checked
from minibroker.queues.errors import PreconditionFailed
from tests.minibroker.queues.client import Stand

BAD = [
    ("x-message-ttl", "60000", '"expected integer, got longstr"'),
    ("x-message-ttl", 1.5, '"expected integer, got double"'),
    ("x-message-ttl", True, '"expected integer, got bool"'),
    ("x-message-ttl", -1, "{value_negative,-1}"),
    ("x-message-ttl", 10**12, "{value_too_large,1000000000000}"),
    ("x-expires", 0, "{value_zero,0}"),
    ("x-expires", None, '"expected integer, got void"'),
    ("x-max-length", -1, "{value_negative,-1}"),
    ("x-max-length-bytes", [1], '"expected integer, got array"'),
    ("x-max-priority", 256, "{max_value_exceeded,256}"),
    ("x-dead-letter-routing-key", "k", "routing_key_but_no_dlx_defined"),
    ("x-overflow", "reject", "invalid_overflow"),
    ("x-overflow", 2**40, "{unacceptable_type,long}"),
    ("x-single-active-consumer", "yes", "{unacceptable_type,longstr}"),
    ("x-queue-type", "durable", "\"unsupported queue type 'durable'\""),
    ("x-queue-type", {}, "{unacceptable_type,table}"),
    ("x-queue-version", 1, "\"unsupported queue version '1'\""),
    ("x-queue-leader-locator", "nearest", "invalid_queue_locator_arg"),
    ("x-queue-leader-locator", 1, "{unacceptable_type,signedint}"),
    ("x-quorum-initial-group-size", 0, "{value_zero,0}"),
]


@pytest.mark.parametrize(("name", "value", "why"), BAD)
def test_a_bad_argument_is_refused(name: str, value: Any, why: str) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        checked("work", {name: value})
    assert refused.value.text == (
        f"PRECONDITION_FAILED - invalid arg '{name}' for queue 'work' in vhost '/': {why}"
    )


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("classic", "x-delivery-limit", 3),
        ("classic", "x-dead-letter-strategy", "at-least-once"),
        ("classic", "x-quorum-initial-group-size", 3),
        ("quorum", "x-max-priority", 3),
        ("quorum", "x-queue-mode", "lazy"),
    ],
)
def test_an_argument_of_the_other_type_is_refused(kind: str, name: str, value: Any) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        checked("work", {"x-queue-type": kind, name: value})
    assert refused.value.text == (
        f"PRECONDITION_FAILED - invalid arg '{name}' for queue 'work' in vhost '/' of queue type "
        f"rabbit_{kind}_queue"
    )


def test_a_strategy_must_be_one_of_two() -> None:
    with pytest.raises(PreconditionFailed, match="invalid_dlx_strategy"):
        checked("work", {"x-queue-type": "quorum", "x-dead-letter-strategy": "twice"})


def test_an_unknown_argument_is_taken() -> None:
    assert checked("work", {"x-mine": [1, "two"]}).given == {"x-mine": [1, "two"]}


@pytest.mark.parametrize(
    ("given", "limit"), [({}, DELIVERY_LIMIT), (3, 3), (0, 0), (-1, None), ("3", DELIVERY_LIMIT)]
)
def test_the_delivery_limit_of_a_quorum_queue(given: Any, limit: int | None) -> None:
    table = {"x-queue-type": "quorum"} | ({} if given == {} else {"x-delivery-limit": given})
    assert checked("work", table).delivery_limit == limit


def test_a_classic_queue_has_no_delivery_limit() -> None:
    assert checked("work", {"x-queue-type": "classic"}).delivery_limit is None


def test_a_quorum_queue_does_not_know_reject_publish_dlx() -> None:
    table = {"x-queue-type": "quorum", "x-overflow": "reject-publish-dlx"}
    assert checked("work", table).overflow == "drop-head"


# --- declared again ----------------------------------------------------------------------------


def test_what_is_declared_again_must_be_what_it_was() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000)
    stand.queue(message_ttl=1000)
    stand.queue(message_ttl=1000, mine=1)
    for given, received, current in (
        ({"message_ttl": 2000}, "'2000'", "'1000'"),
        ({}, "none", "the value '1000' of type 'signedint'"),
    ):  # fmt: skip
        with pytest.raises(PreconditionFailed) as refused:
            stand.queue(**given)
        assert refused.value.text == (
            "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'work' in vhost '/': "
            f"received {received} but current is {current}"
        )


def test_a_dead_letter_exchange_that_is_no_text_is_refused_first() -> None:
    with pytest.raises(PreconditionFailed) as refused:
        Stand().queue(message_ttl=-1, dead_letter_exchange=7)
    assert refused.value.text == (
        "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue "
        "'work' in vhost '/'"
    )


def test_the_type_of_a_queue_cannot_change_and_none_is_classic() -> None:
    stand = Stand()
    stand.queue()
    stand.queue(queue_type="classic")
    with pytest.raises(PreconditionFailed) as refused:
        stand.queue(queue_type="quorum")
    assert refused.value.text == (
        "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'work' in vhost '/': "
        "received 'quorum' but current is 'classic'"
    )


@pytest.mark.parametrize("kind", HAS)
def test_each_type_can_be_had_with_all_it_knows(kind: str) -> None:
    values: dict[str, Any] = {
        "x-expires": 1, "x-message-ttl": 0, "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "k", "x-max-length": 0, "x-max-length-bytes": 0,
        "x-overflow": "drop-head", "x-single-active-consumer": True, "x-queue-type": kind,
        "x-max-priority": 10, "x-queue-mode": "lazy", "x-queue-version": 2,
        "x-dead-letter-strategy": "at-most-once", "x-delivery-limit": 5,
        "x-quorum-initial-group-size": 5, "x-queue-leader-locator": "balanced",
    }  # fmt: skip
    table = {name: values[name] for name in HAS[kind]}
    assert checked("work", table).given == table
