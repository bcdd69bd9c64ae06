"""The payment gateway: a charge cannot be taken back, and a key makes a request safe to repeat."""

import pytest

from minibroker.sim.trace import Deduplicated, Requested, SideEffect
from tests.minibroker.tiny import Ran, play, worker


def ran(body: str, plan: str = "none") -> Ran:
    found = play(worker(body, takes="payments"), plan=plan, restarts=0)
    assert found.exit.how == "returned", found.exit
    return found


def test_a_charge_is_told_back() -> None:
    assert ran("print(payments.charge('order-1', 4200))").said == (
        "{'id': 'ch_1', 'order': 'order-1', 'cents': 4200}\n"
    )


def test_a_charge_is_a_side_effect_of_the_order_with_its_amount() -> None:
    found = ran("payments.charge(order='order-1', cents=4200, idempotency_key='k')")
    assert found.trace.of(SideEffect) == [
        SideEffect(at=0, who="worker#1", kind="charge", subject="order-1", detail={"cents": 4200})
    ]


def test_every_charge_without_a_key_is_made() -> None:
    found = ran("""
        payments.charge("order-1", 1)
        payments.charge("order-1", 1)
        print(payments.charges("order-1"))
    """)
    assert len(found.trace.of(SideEffect)) == 2
    assert found.said == (
        "[{'id': 'ch_1', 'order': 'order-1', 'cents': 1},"
        " {'id': 'ch_2', 'order': 'order-1', 'cents': 1}]\n"
    )


def test_a_key_that_was_used_gives_the_first_answer_and_charges_nothing() -> None:
    found = ran("""
        first = payments.charge("order-1", 1, "key")
        again = payments.charge("order-1", 1, idempotency_key="key")
        print(first == again)
    """)
    assert found.said == "True\n"
    assert len(found.trace.of(SideEffect)) == 1
    assert [(event.subject, event.key) for event in found.trace.of(Deduplicated)] == [
        ("order-1", "key")
    ]


def test_the_gateway_remembers_a_key_whose_process_did_not_live_to_see_the_answer() -> None:
    found = ran("print(payments.charge('order-1', 1, 'key')['id'])", plan="crash:1")
    assert found.said == "ch_1\n"
    assert len(found.trace.of(SideEffect)) == 1


@pytest.mark.parametrize("other", ["'order-2', 1", "'order-1', 2"])
def test_a_key_cannot_be_used_for_another_charge(other: str) -> None:
    found = ran(f"""
        from minibroker.clients.payments import IdempotencyConflict, PaymentError
        payments.charge("order-1", 1, "key")
        try:
            payments.charge({other}, "key")
        except IdempotencyConflict as error:
            print(isinstance(error, PaymentError), error)
    """)
    order, cents = other.split(", ")
    assert found.said == (
        f"True idempotency key 'key' was used for 'order-1' and 1 cents, not for {order} "
        f"and {cents}\n"
    )
    assert len(found.trace.of(SideEffect)) == 1


def test_keys_are_not_names_of_orders() -> None:
    found = ran("payments.charge('a', 1, 'one')\npayments.charge('a', 1, 'two')")
    assert len(found.trace.of(SideEffect)) == 2


def test_only_the_charges_of_that_order_are_told() -> None:
    found = ran("payments.charge('a', 1)\npayments.charge('b', 1)\nprint(payments.charges('c'))")
    assert found.said == "[]\n"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("charge('order-1', 0)", "cents must be an int above 0, not 0"),
        ("charge('order-1', -5)", "cents must be an int above 0, not -5"),
        ("charge('order-1', 42.0)", "cents must be an int above 0, not 42.0"),
        ("charge('order-1', True)", "cents must be an int above 0, not True"),
        ("charge('order-1', '42')", "cents must be an int above 0, not '42'"),
        ("charge(1, 42)", "an order is named by a str, not by 1"),
        ("charges(None)", "an order is named by a str, not by None"),
        ("charge('order-1', 1, 7)", "an idempotency key is a str, not 7"),
        ("charge('order-1', 1, '')", "an idempotency key is a str, not ''"),
    ],
)
def test_a_request_that_cannot_be_is_refused_and_charges_nothing(call: str, sentence: str) -> None:
    found = ran(f"""
        from minibroker.clients.payments import PaymentError
        try:
            payments.{call}
        except PaymentError as error:
            print(error)
    """)
    assert found.said == sentence + "\n"
    assert found.trace.of(SideEffect) == []


def test_a_value_that_cannot_cross_is_never_sent() -> None:
    found = play(worker("payments.charge(('order', 1), 1)", takes="payments"), restarts=0)
    assert found.exit.error == "CannotCross"
    assert found.trace.of(Requested) == []
