"""The scenario's own people: a worker that charges as the course teaches, and a support desk."""

from typing import Any

import pytest

from graders.shop import DESK, NAME
from graders.stage import Owes, Run, Stage, perform
from minibroker.sim.effect import Caller, Process
from minibroker.sim.trace import (
    DeadLettered,
    Declined,
    Deduplicated,
    Delivered,
    Published,
    Settled,
    SideEffect,
)

QUEUE, DEAD = "orders", "orders.dead"
ORDER = {"id": "order-1", "cents": 42}
Message = tuple[Any, dict[str, Any] | None]
"""A body, and headers."""


def nobody(caller: Caller) -> Process:
    raise AssertionError("there is no process in this run")


def worked(*messages: Message, attempts: int = 4, bank: Any = None) -> Run:
    """A run in which these messages come to the shop's worker, a second apart."""

    def scenario(stage: Stage) -> None:
        stage.queue(QUEUE)
        stage.queue(DEAD)
        stage.worker(QUEUE, DEAD, attempts)
        if bank is not None:
            bank(stage)
        for second, (body, headers) in enumerate(messages):
            stage.publish(second, QUEUE, body, Owes("charge", "order-1"), headers)

    return perform(scenario, [], nobody, (), 0, 200)


def charges(run: Run) -> list[tuple[str, str, Any]]:
    return [(event.who, event.subject, event.detail) for event in run.trace.of(SideEffect)]


def put_away(run: Run) -> list[tuple[bytes, Any]]:
    return [
        (event.body, event.headers)
        for event in run.trace.of(Published)
        if event.who == NAME and event.queues == [DEAD]
    ]


def acked(run: Run) -> int:
    """How many messages of the queue were acked; the others are still there."""
    settled = [event for event in run.trace.of(Settled) if event.queue == QUEUE]
    assert {(event.who, event.how) for event in settled} <= {(NAME, "acked")}
    return len(settled)


# --- the worker ----------------------------------------------------------------------------------


def test_the_shop_s_worker_charges_an_order_and_acks_it_afterwards() -> None:
    run = worked((ORDER, None))
    assert charges(run) == [(NAME, "order-1", {"cents": 42})]
    kinds = [type(event) for event in run.trace]
    assert kinds.index(Delivered) < kinds.index(SideEffect) < kinds.index(Settled)
    assert (acked(run), put_away(run)) == (1, [])


def test_it_charges_an_order_that_comes_twice_once() -> None:
    run = worked((ORDER, None), (ORDER, {"attempts": 0, "redriven": True}))
    assert (len(charges(run)), len(run.trace.of(Deduplicated)), acked(run)) == (1, 1, 2)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "JSONDecodeError"),
        (b'{"id": "order-', "JSONDecodeError"),
        (b"\xff", "UnicodeDecodeError"),
        (b"[1]", "TypeError"),
        (b"7", "TypeError"),
        (b'{"id": "order-1"}', "KeyError"),
        (b'{"cents": 42}', "KeyError"),
        (b'{"id": 1, "cents": 42}', "ValueError"),
        (b'{"id": "order-1", "cents": "42"}', "ValueError"),
        (b'{"id": "order-1", "cents": true}', "ValueError"),
        (b"[" * 100_000, "RecursionError"),
    ],
)
def test_what_is_no_order_becomes_a_dead_letter_with_its_cause(body: bytes, error: str) -> None:
    run = worked((body, None), (ORDER, None))
    [(kept, headers)] = put_away(run)
    assert kept == body
    assert headers["cause"].startswith(f"{error}: ")
    assert headers["attempts"] == 1
    assert (len(charges(run)), acked(run)) == (1, 2)  # and it goes on


@pytest.mark.parametrize(
    ("bank", "cause"),
    [
        (
            lambda stage: stage.declines("order-1"),
            "CardDeclined: the bank declines the card of order-1",
        ),
        (
            lambda stage: stage.bank_away("order-1"),
            "GatewayUnavailable: the bank of order-1 cannot be reached; nothing was charged",
        ),
    ],
)
def test_what_the_bank_refuses_does_too_by_the_name_that_clients_know(
    bank: Any, cause: str
) -> None:
    run = worked((ORDER, {"attempts": 1}), bank=bank)
    assert [headers for _, headers in put_away(run)] == [{"cause": cause, "attempts": 2}]
    assert (len(run.trace.of(Declined)), charges(run), acked(run)) == (1, [], 1)


def test_an_order_that_comes_again_with_another_amount_is_not_charged() -> None:
    run = worked((ORDER, None), (ORDER | {"cents": 43}, None))
    assert len(charges(run)) == 1
    [(_, headers)] = put_away(run)
    assert headers["cause"].startswith("KeyConflict: idempotency key 'order-1' was used for ")


@pytest.mark.parametrize("attempts", [4, 5])
def test_an_order_that_has_had_all_its_attempts_gets_none(attempts: int) -> None:
    run = worked((ORDER, {"attempts": attempts}))
    headers = {"cause": "it has had all its attempts", "attempts": attempts}
    assert [found for _, found in put_away(run)] == [headers]
    assert (charges(run), run.trace.of(Declined), acked(run)) == ([], [], 1)


@pytest.mark.parametrize("headers", [None, {}, {"attempts": 3}, {"attempts": "9"}, {"cause": "x"}])
def test_any_other_order_is_charged(headers: dict[str, Any] | None) -> None:
    assert len(charges(worked((ORDER, headers)))) == 1


# --- the support desk ----------------------------------------------------------------------------


def told(*messages: Message) -> Run:
    """A run in which the desk reads these dead letters."""

    def scenario(stage: Stage) -> None:
        stage.queue(DEAD)
        stage.support_desk(DEAD, ["order-1", "order-2"])
        for second, (body, headers) in enumerate(messages):
            stage.publish(second, DEAD, body, headers=headers)

    return perform(scenario, [], nobody, (), 0, 200)


def tickets(run: Run) -> list[str]:
    assert {(event.who, event.kind) for event in run.trace.of(SideEffect)} <= {(DESK, "ticket")}
    return [event.subject for event in run.trace.of(SideEffect)]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"id": "order-1"}, None),
        (b'{"id": "order-1', {"cause": "no JSON"}),
        (b"about order-1, and no JSON", {}),
        (b"", {"order": "order-1"}),
        (b"\xff", {"cause": "CardDeclined: the bank declines the card of order-1"}),
        (b"", {"about": [{"order": "order-1"}]}),
    ],
)
def test_a_dead_letter_that_names_an_order_in_any_form_gets_a_ticket(
    body: Any, headers: dict[str, Any] | None
) -> None:
    run = told((body, headers))
    assert tickets(run) == ["order-1"]
    assert [(event.who, event.how) for event in run.trace.of(Settled)] == [(DESK, "auto-acked")]


def test_an_order_gets_one_ticket_however_often_it_is_named() -> None:
    run = told((ORDER, {"cause": "order-1"}), (ORDER, None))
    assert tickets(run) == ["order-1"]
    assert [(event.kind, event.subject) for event in run.trace.of(Deduplicated)] == [
        ("ticket", "order-1")
    ]


def test_each_order_that_a_letter_names_gets_a_ticket_and_others_get_none() -> None:
    assert tickets(told((b"order-2 and order-1", None))) == ["order-1", "order-2"]
    assert tickets(told((b"order-3", {"cause": "Order-1"}))) == []


def test_an_order_is_not_named_by_a_longer_name() -> None:
    assert tickets(told((b'{"id": "order-10"}', {"about": "re-order-1, order-1b"}))) == []


# --- queues --------------------------------------------------------------------------------------


def test_a_queue_has_the_arguments_that_it_was_declared_with() -> None:
    table: dict[str, Any] = {
        "x-message-ttl": 1_000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "late",
    }

    def scenario(stage: Stage) -> None:
        stage.queue("late")
        stage.queue(QUEUE, table)
        table["x-message-ttl"] = 9_000
        stage.publish(2.0, QUEUE, ORDER)

    [moved] = perform(scenario, [], nobody, (), 0, 200).trace.of(DeadLettered)
    assert (moved.at, moved.reason, moved.queues) == (3_000_000, "expired", ["late"])
