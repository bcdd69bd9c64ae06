"""The payment gateway: a charge cannot be taken back, and a key makes a request safe to repeat."""

from collections.abc import Callable

import pytest

from minibroker.agents.ledgers import PaymentsAgent
from minibroker.clients import payments as client
from minibroker.ledgers.payments import KeyConflict, PaymentLedger, Refused, Trouble
from minibroker.sim import incarnation
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.trace import (
    Answered,
    Compensated,
    Declined,
    Deduplicated,
    Faulted,
    Requested,
    SideEffect,
    Trace,
)
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


# --- a bank in trouble ---------------------------------------------------------------------------

AWAY = Trouble("GatewayUnavailable", "the bank is away", until=5_000_000)
NEVER = Trouble("CardDeclined", "the bank says no")


def ledger() -> tuple[PaymentLedger, Clock, Trace]:
    clock, trace = Clock(), Trace()
    return PaymentLedger(clock, trace), clock, trace


def kinds(trace: Trace) -> list[str]:
    return [type(event).__name__ for event in trace]


def test_a_charge_that_is_refused_is_declined_and_no_side_effect() -> None:
    payments, _, trace = ledger()
    payments.trouble("order-1", NEVER)
    with pytest.raises(Refused, match="the bank says no") as refused:
        payments.charge("worker-1#2", "order-1", 42, "key")
    assert refused.value.error == "CardDeclined"
    assert list(trace) == [
        Declined(at=0, who="worker-1#2", kind="charge", subject="order-1", error="CardDeclined")
    ]
    assert payments.charges("order-1") == []


def test_trouble_is_one_order_s() -> None:
    payments, _, trace = ledger()
    payments.trouble("order-1", NEVER)
    payments.charge("worker#1", "order-10", 42, None)
    assert kinds(trace) == ["SideEffect"]


def test_trouble_is_over_at_its_time_to_the_microsecond() -> None:
    payments, clock, trace = ledger()
    payments.trouble("order-1", AWAY)
    clock.advance(4_999_999)
    with pytest.raises(Refused):
        payments.charge("worker#1", "order-1", 42, None)
    clock.advance(5_000_000)
    assert payments.charge("worker#1", "order-1", 42, None)["id"] == "ch_1"
    assert kinds(trace) == ["Declined", "SideEffect"]


def test_trouble_without_an_end_has_none() -> None:
    payments, clock, _ = ledger()
    payments.trouble("order-1", NEVER)
    clock.advance(10**15)
    with pytest.raises(Refused):
        payments.charge("worker#1", "order-1", 42, None)


def test_trouble_can_be_taken_away_and_changed() -> None:
    payments, _, trace = ledger()
    payments.trouble("order-1", None)
    payments.trouble("order-1", NEVER)
    payments.trouble("order-1", AWAY)
    with pytest.raises(Refused, match="the bank is away"):
        payments.charge("worker#1", "order-1", 42, None)
    payments.trouble("order-1", None)
    payments.charge("worker#1", "order-1", 42, None)
    assert kinds(trace) == ["Declined", "SideEffect"]


def test_a_key_is_free_after_a_refusal_even_for_another_amount() -> None:
    payments, clock, trace = ledger()
    payments.trouble("order-1", AWAY)
    with pytest.raises(Refused):
        payments.charge("worker#1", "order-1", 41, "key")
    clock.advance(5_000_000)
    payments.charge("worker#1", "order-1", 42, "key")
    assert kinds(trace) == ["Declined", "SideEffect"]


def test_what_was_charged_before_the_trouble_is_answered_and_not_refused() -> None:
    payments, _, trace = ledger()
    first = payments.charge("worker#1", "order-1", 42, "key")
    payments.trouble("order-1", NEVER)
    assert payments.charge("worker#2", "order-1", 42, "key") == first
    with pytest.raises(KeyConflict):
        payments.charge("worker#2", "order-1", 43, "key")
    with pytest.raises(Refused):
        payments.charge("worker#2", "order-1", 42, "another")
    assert kinds(trace) == ["SideEffect", "Deduplicated", "Declined"]


# --- how the client hears of it ------------------------------------------------------------------


def agent(*troubles: tuple[str, Trouble]) -> PaymentsAgent:
    payments, _, _ = ledger()
    for order, trouble in troubles:
        payments.trouble(order, trouble)
    return PaymentsAgent(payments)


WHO = Caller("worker", 1)


@pytest.mark.parametrize("trouble", [AWAY, NEVER])
def test_a_refused_charge_is_an_attempt_that_a_crash_may_follow(trouble: Trouble) -> None:
    reply = agent(("a", trouble)).request(WHO, "charge", {"order": "a", "cents": 1})
    assert reply == Refusal(trouble.error, trouble.text, did="changed")


def test_what_cannot_be_asked_changes_nothing() -> None:
    asked = agent()
    args: dict[str, object] = {"order": "a", "cents": 1, "idempotency_key": "k"}
    bad: list[dict[str, object]] = [
        {"order": None}, {"order": b"a"}, {"order": ["a"]}, {"cents": None}, {"cents": 0},
        {"cents": True}, {"cents": 1.0}, {"cents": float("nan")}, {"cents": {}},
        {"idempotency_key": ""}, {"idempotency_key": 7}, {"idempotency_key": ["k"]},
    ]  # fmt: skip
    for change in bad:
        reply = asked.request(WHO, "charge", args | change)  # type: ignore[arg-type]
        assert isinstance(reply, Refusal)
        assert (reply.error, reply.did) == ("PaymentError", "read")
    assert isinstance(asked.request(WHO, "charge", {}), Refusal)
    refund = asked.request(WHO, "pay_out", {"order": "a"})
    assert isinstance(refund, Refusal)
    assert asked.request(WHO, "charges", {"order": "a"}) == Answer([], did="read")


def test_a_key_for_another_charge_changes_nothing() -> None:
    asked = agent()
    asked.request(WHO, "charge", {"order": "a", "cents": 1, "idempotency_key": "k"})
    reply = asked.request(WHO, "charge", {"order": "a", "cents": 2, "idempotency_key": "k"})
    assert isinstance(reply, Refusal)
    assert (reply.error, reply.did) == ("IdempotencyConflict", "read")


def test_a_broken_call_says_what_its_caller_can_know() -> None:
    asked = agent()
    lost = asked.broken(WHO, "charge", {}, happened=True)
    failed = asked.broken(WHO, "charge", {}, happened=False)
    assert lost is not None
    assert failed is not None
    assert (lost.error, lost.did) == ("PaymentTimeout", "changed")
    assert (failed.error, failed.did) == ("GatewayUnavailable", "read")
    assert asked.again(WHO, "charge", {}, Answer(None)) is False


@pytest.mark.parametrize("name", client.ERRORS)
def test_each_refusal_is_raised_as_the_client_s_own_exception(name: str) -> None:
    class Refuses:
        def ask(self, *_: object, **__: object) -> object:
            raise incarnation.Refused(name, "no, since", {})

    payments = client.Payments(Refuses())  # type: ignore[arg-type]
    calls: list[Callable[[], object]] = [
        lambda: payments.charge("a", 1),
        lambda: payments.charges("a"),
    ]
    for call in calls:
        with pytest.raises(client.ERRORS[name], match="no, since") as raised:
            call()
        assert type(raised.value) is client.ERRORS[name]
        assert raised.value.__suppress_context__


def test_all_that_the_gateway_may_say_can_be_caught_at_once() -> None:
    own = [error for name, error in client.ERRORS.items() if name != "NotInSubset"]
    assert all(issubclass(error, client.PaymentError) for error in own)
    assert not any(
        issubclass(one, other)
        for one in own
        for other in own
        if one is not other and other is not client.PaymentError
    )


CATCHES = """
    from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout
    try:
        payments.charge("order-1", 42, "key")
    except GatewayUnavailable:
        print("not charged:", len(payments.charges("order-1")))
    except PaymentTimeout:
        print("who knows:", len(payments.charges("order-1")))
    print(payments.charge("order-1", 42, "key")["id"])
"""


def test_an_error_of_the_gateway_is_told_from_an_answer_that_was_lost() -> None:
    failed, lost = ran(CATCHES, plan="definite:1"), ran(CATCHES, plan="indefinite:1")
    assert failed.said == "not charged: 0\nch_1\n"
    assert lost.said == "who knows: 1\nch_1\n"
    assert [len(found.trace.of(Deduplicated)) for found in (failed, lost)] == [0, 1]
    assert [len(found.trace.of(Faulted)) for found in (failed, lost)] == [1, 1]


def test_a_fault_is_no_attempt_that_the_bank_declined() -> None:
    found = ran(CATCHES, plan="definite:1")
    assert found.trace.of(Declined) == []
    assert found.trace.of(Answered)[0].error == "GatewayUnavailable"


# --- refunds -------------------------------------------------------------------------------------


def test_a_refund_names_the_key_of_its_charge_and_is_made_once() -> None:
    found = ran("""
        payments.charge("order-1", 42, "key")
        print(payments.refund("order-1", "key"), payments.refund("order-1", idempotency_key="key"))
    """)
    first = "{'id': 'ch_1', 'order': 'order-1', 'cents': 42}"
    assert found.said == f"{first} {first}\n"
    ledger_events = (SideEffect, Compensated, Deduplicated)
    assert [type(event) for event in found.trace if isinstance(event, ledger_events)] == [
        *ledger_events
    ]
    [refund] = found.trace.of(Compensated)
    assert (refund.kind, refund.subject, refund.by) == ("charge", "order-1", "refund")


def test_a_refund_of_nothing_voids_the_key_for_a_charge_that_comes_late() -> None:
    found = ran("""
        from minibroker.clients.payments import ChargeVoided
        print(payments.refund("order-1", "key"))
        try:
            payments.charge("order-1", 42, "key")
        except ChargeVoided as error:
            print(error)
        print(payments.charge("order-1", 42, "another")["id"])
    """)
    assert found.said == (
        "None\nidempotency key 'key' is void since the refund of order-1; nothing is done under it "
        "any more\nch_1\n"
    )
    assert [event.error for event in found.trace.of(Declined)] == ["ChargeVoided"]


def test_a_refund_that_is_broken_says_what_its_caller_can_know() -> None:
    asked = agent()
    lost = asked.broken(WHO, "refund", {}, happened=True)
    failed = asked.broken(WHO, "refund", {}, happened=False)
    assert isinstance(lost, Refusal)
    assert isinstance(failed, Refusal)
    assert lost.message.endswith("whether the charge was refunded is not known")
    assert failed.message.endswith("nothing was refunded")
