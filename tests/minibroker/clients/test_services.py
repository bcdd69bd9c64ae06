"""Stock and shipping: what is done under a key, what undoes it, and what comes too late."""

import pytest

from minibroker.agents.services import SERVICES, STOCK, ServiceAgent
from minibroker.clients import services as client
from minibroker.ledgers.services import KeyConflict, Refused, ServiceLedger, Trouble
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.trace import Compensated, Deduplicated, SideEffect, Trace, Voided
from tests.minibroker.tiny import Ran, play, worker

WHO = Caller("worker", 1)


def ran(body: str, plan: str = "none") -> Ran:
    source = worker(body, takes="stock, shipping")
    found = play(f"from minibroker.clients.services import *\n{source}", plan=plan, restarts=0)
    assert found.exit.how == "returned", found.exit
    return found


def happened(found: Ran) -> list[str]:
    """What the services did, in words."""
    return [
        f"{type(event).__name__} {event.kind}"
        for event in found.trace
        if isinstance(event, SideEffect | Compensated | Deduplicated | Voided)
    ]


def made() -> tuple[ServiceLedger, Trace, Clock]:
    clock, trace = Clock(), Trace()
    return ServiceLedger(clock, trace, STOCK.offer), trace, clock


# --- doing and undoing ---------------------------------------------------------------------------


def test_what_a_service_does_is_a_side_effect_of_the_order() -> None:
    found = ran("""
        print(stock.reserve("order-1", 3, "a"))
        print(shipping.book("order-1", idempotency_key="b"))
    """)
    assert found.said == (
        "{'id': 'rs_1', 'order': 'order-1', 'items': 3}\n{'id': 'sh_1', 'order': 'order-1'}\n"
    )
    reserved, booked = found.trace.of(SideEffect)
    assert (reserved.kind, reserved.subject, reserved.detail) == (
        "reservation", "order-1", {"items": 3},
    )  # fmt: skip
    assert (booked.kind, booked.detail) == ("shipment", {})


def test_what_is_done_under_a_key_is_done_once_and_undone_once() -> None:
    found = ran("""
        stock.reserve("order-1", 3, "a"); stock.reserve("order-1", 3, "a")
        print(stock.release("order-1", "a"))
        print(stock.release("order-1", "a"))
    """)
    assert found.said == "{'id': 'rs_1', 'order': 'order-1', 'items': 3}\n" * 2
    assert happened(found) == [
        "SideEffect reservation", "Deduplicated reservation",
        "Compensated reservation", "Deduplicated release",
    ]  # fmt: skip


def test_without_a_key_a_service_does_what_it_is_told_each_time() -> None:
    found = ran("""
        shipping.book("order-1"); shipping.book("order-1")
        shipping.cancel("order-1"); shipping.cancel("order-1"); shipping.cancel("order-1")
        print(shipping.cancel("order-2"))
    """)
    assert happened(found) == ["SideEffect shipment"] * 2 + ["Compensated shipment"] * 3
    assert found.said == "None\n"


@pytest.mark.parametrize("before", ["stock.reserve('order-1', 3, 'a')", "pass"])
def test_under_a_key_that_was_undone_nothing_is_done_any_more(before: str) -> None:
    found = ran(f"""
        {before}
        stock.release("order-1", "a")
        try:
            stock.reserve("order-1", 3, "a")
        except RequestVoided as error:
            print(error)
    """)
    assert found.said == (
        "idempotency key 'a' is void since the release of order-1; nothing is done under it any "
        "more\n"
    )
    assert len(found.trace.of(SideEffect)) == (before != "pass")


def test_undoing_what_never_happened_voids_its_key_once() -> None:
    found = ran("print(shipping.cancel('order-1', 'a'), shipping.cancel('order-1', 'a'))")
    assert found.said == "None None\n"
    assert happened(found) == ["Voided shipment", "Deduplicated cancellation"]


def test_a_key_that_was_undone_without_it_is_void_too() -> None:
    ledger, _, _ = made()
    ledger.do("w", "order-1", {"items": 1}, "a")
    ledger.undo("w", "order-1", None)
    with pytest.raises(Refused, match="is void since"):
        ledger.do("w", "order-1", {"items": 1}, "a")


def test_a_key_is_for_one_order_and_one_detail() -> None:
    ledger, trace, _ = made()
    ledger.do("w", "order-1", {"items": 1}, "a")
    with pytest.raises(KeyConflict, match="for 'order-1' and 1 items, not for 'order-1' and 2"):
        ledger.do("w", "order-1", {"items": 2}, "a")
    ledger.undo("w", "order-1", "never used")
    for key in ("a", "never used"):
        with pytest.raises(KeyConflict, match="was used for 'order-1', not for 'order-2'"):
            ledger.undo("w", "order-2", key)
    assert [type(event).__name__ for event in trace] == ["SideEffect", "Voided"]


# --- trouble and errors --------------------------------------------------------------------------


def test_trouble_with_undoing_is_over_after_its_time_and_is_no_trouble_with_doing() -> None:
    ledger, trace, clock = made()
    ledger.trouble("order-1", Trouble("ServiceUnavailable", "away", 5), undoing=True)
    ledger.do("w", "order-1", {"items": 1}, "a")
    with pytest.raises(Refused, match="away"):
        ledger.undo("w", "order-1", "a")
    clock.advance(5)
    assert ledger.undo("w", "order-1", "a") is not None
    assert [type(event).__name__ for event in trace] == ["SideEffect", "Declined", "Compensated"]


def test_an_answer_that_is_to_get_lost_gets_lost_once_and_the_thing_is_done() -> None:
    ledger, trace, _ = made()
    ledger.trouble("order-1", Trouble("ServiceTimeout", "no answer", happens=True))
    with pytest.raises(Refused, match="no answer"):
        ledger.do("w", "order-1", {"items": 1}, "a")
    assert ledger.do("w", "order-1", {"items": 1}, "a")["id"] == "rs_1"
    assert [type(event).__name__ for event in trace] == ["SideEffect", "Deduplicated"]


ASKS = """
    for name, call in (
        ("reserve", lambda: stock.reserve("order-1", 1, "a")),
        ("release", lambda: stock.release("order-1", "a")),
    ):
        try:
            call()
            print(name, "done")
        except ServiceUnavailable as error:
            print(error)
        except ServiceTimeout as error:
            print(error)
"""


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("definite:1", "the stock service cannot be reached; reserve was not done\nrelease done\n"),
        (
            "indefinite:1",
            "the stock service did not answer reserve in time; whether it was done is not "
            "known\nrelease done\n",
        ),
        (
            "indefinite:2",
            "reserve done\nthe stock service did not answer release in time; whether it was done "
            "is not known\n",
        ),
    ],
)
def test_a_broken_call_says_what_its_caller_can_know(plan: str, said: str) -> None:
    found = ran(ASKS, plan=plan)
    assert found.said == said
    assert len(found.trace.of(SideEffect)) == (plan != "definite:1")


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_cannot_be_asked_changes_nothing(service: object) -> None:
    assert service in SERVICES
    for each in SERVICES:
        trace = Trace()
        agent = ServiceAgent(each, ServiceLedger(Clock(), trace, each.offer))
        good: dict[str, object] = {"order": "a", "items": 1, "idempotency_key": "k"}
        bad: list[dict[str, object]] = [
            {"order": None}, {"order": b"a"}, {"idempotency_key": ""}, {"idempotency_key": 7},
            *([{"items": None}, {"items": 0}, {"items": True}, {"items": 1.5}]
              if each.details else []),
        ]  # fmt: skip
        for change in bad:
            reply = agent.request(WHO, each.do, good | change)  # type: ignore[arg-type]
            assert isinstance(reply, Refusal)
            assert (reply.error, reply.did) == ("ServiceError", "read")
        refused = agent.request(WHO, "burn", good)  # type: ignore[arg-type]
        assert isinstance(refused, Refusal)
        assert refused.error == "NotInSubset"
        assert list(trace) == []
        assert agent.again(WHO, each.do, {}, Answer(None)) is False


def test_all_that_a_service_may_say_can_be_caught_at_once() -> None:
    own = [error for name, error in client.ERRORS.items() if name != "NotInSubset"]
    assert all(issubclass(error, client.ServiceError) for error in own)
