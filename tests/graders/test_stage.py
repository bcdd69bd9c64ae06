"""A stage: what a scenario may do to a world, and what of it stands in the trace."""

import json

import pytest

from graders.stage import Cast, Owes, Retries, Run, Scenario, Stage, perform
from minibroker.sim.effect import Caller, Process
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import (
    Declined,
    EventStore,
    Exited,
    Owed,
    Published,
    RetryPolicy,
    SagaOwed,
    SideEffect,
    Started,
    Trouble,
)

CLIENTS = {"channel": "pika.channel", "payments": "payments"}


def staged(scenario: Scenario, body: str = "pass", seed: int = 0, starts: float = 0.0) -> Run:
    """A run of a worker with this body."""
    code = Inline(f"import time\n\n\ndef worker(channel, payments):\n    {body}\n")

    def launch(caller: Caller) -> Process:
        return code.process(Job("worker", caller.process, caller.incarnation, seed, CLIENTS))

    return perform(scenario, [Cast("worker", 5, starts)], launch, (), seed, 200)


def said(run: Run) -> str:
    return "".join(part.text for part in run.printed)


# --- promises ------------------------------------------------------------------------------------


def test_what_is_promised_for_what_fails_stands_first_in_microseconds() -> None:
    run = staged(lambda stage: stage.retries(Retries("orders", "orders.dead", (5, 0.25), 3)))
    assert run.trace.events[0] == RetryPolicy(
        at=0, queue="orders", dead_letters="orders.dead", attempts=3,
        delays=[5_000_000, 250_000], patience=3_000_000,
    )  # fmt: skip


def test_what_an_event_store_is_stands_first() -> None:
    run = staged(lambda stage: stage.event_store("events", "snapshots", "order-events"))
    assert run.trace.events[0] == EventStore(
        at=0, events="events", snapshots="snapshots", topic="order-events"
    )


def test_without_delays_one_attempt_is_promised() -> None:
    [found] = staged(lambda stage: stage.retries(Retries("a", "b", (), 0))).trace.of(RetryPolicy)
    assert (found.attempts, found.delays, found.patience) == (1, [], 0)


# --- banks ---------------------------------------------------------------------------------------

ASKS = """
    for second in range(4):
        for order in ("order-1", "order-2"):
            try:
                payments.charge(order, 42)
                print(order, "charged")
            except Exception as error:
                print(order, type(error).__name__, error)
        time.sleep(5)
""".lstrip()


def test_a_second_promise_about_retries_is_refused() -> None:
    def twice(stage: Stage) -> None:
        stage.retries(Retries("a", "a.dead", (), 0))
        stage.retries(Retries("b", "b.dead", (), 0))

    with pytest.raises(ValueError, match="makes one promise about retries; put a second"):
        staged(twice)


def test_a_bank_that_declines_does_so_for_good_and_for_one_order() -> None:
    run = staged(lambda stage: stage.declines("order-1"), ASKS)
    declined = "order-1 CardDeclined the bank declines the card of order-1\n"
    assert said(run) == (declined + "order-2 charged\n") * 4
    assert {(e.subject, e.kind, e.error) for e in run.trace.of(Declined)} == {
        ("order-1", "charge", "CardDeclined")
    }
    assert {event.subject for event in run.trace.of(SideEffect)} == {"order-2"}


def test_a_bank_that_is_away_is_back_after_its_time() -> None:
    run = staged(lambda stage: stage.bank_away("order-1", until=7.5), ASKS)
    assert [line for line in said(run).splitlines() if line.startswith("order-1")] == [
        *["order-1 GatewayUnavailable the bank of order-1 cannot be reached; nothing was charged"]
        * 2,
        *["order-1 charged"] * 2,
    ]
    assert [event.at < 7_500_000 for event in run.trace.of(Declined)] == [True, True]
    assert {event.error for event in run.trace.of(Declined)} == {"GatewayUnavailable"}


SLOWLY = """
    for order in ("order-1", "order-2", "order-1"):
        before = time.time()
        payments.charge(order, 42, order)
        print(order, round(time.time() - before))
""".lstrip()


def test_a_slow_bank_charges_at_once_and_takes_its_time_to_say_so() -> None:
    run = staged(lambda stage: stage.bank_slow("order-1", 20), SLOWLY)
    assert said(run) == "order-1 20\norder-2 0\norder-1 0\n"
    assert [event.at // 1_000_000 for event in run.trace.of(SideEffect)] == [0, 20]


def test_a_request_under_the_key_of_one_that_is_not_answered_yet_waits_as_long() -> None:
    body = """
    payments.charge("order-1", 42, "key")
    print(round(time.time() % 60))
""".lstrip()
    code = Inline(f"import time\n\n\ndef worker(channel, payments):\n    {body}\n")

    def launch(caller: Caller) -> Process:
        return code.process(Job("worker", caller.process, caller.incarnation, 0, CLIENTS))

    cast = [Cast("worker-1", 0), Cast("worker-2", 0, 5.0)]
    run = perform(lambda stage: stage.bank_slow("order-1", 20), cast, launch, (), 0, 50)
    assert [(part.who, part.text) for part in run.printed] == [
        ("worker-1#1", "20\n"),
        ("worker-2#1", "20\n"),
    ]
    assert len(run.trace.of(SideEffect)) == 1


def test_what_was_said_of_a_bank_last_holds() -> None:
    def scenario(stage: Stage) -> None:
        stage.declines("order-1")
        stage.bank_away("order-1", until=0)
        stage.bank_away("order-2", until=10**9)
        stage.declines("order-2")

    errors = {(e.subject, e.error) for e in staged(scenario, ASKS).trace.of(Declined)}
    assert errors == {("order-2", "CardDeclined")}


# --- messages ------------------------------------------------------------------------------------

PRINTS = "_, properties, body = channel.basic_get('orders'); print(properties.headers, body)"


def with_queue(publish: Scenario) -> Scenario:
    def scenario(stage: Stage) -> None:
        stage.queue("orders")
        publish(stage)

    return scenario


@pytest.mark.parametrize("body", [b"", b'{"id": "order-1', b"\xff\x00", b'{"id": "order-1"}'])
def test_bytes_are_published_as_they_are(body: bytes) -> None:
    run = staged(with_queue(lambda stage: stage.publish(0, "orders", body)), PRINTS, starts=1)
    [found] = run.trace.of(Published)
    assert (found.who, found.body, found.headers) == ("scenario", body, {})
    assert said(run) == f"None {body!r}\n"
    assert run.trace.of(Owed) == []


def test_a_mapping_is_published_as_json() -> None:
    run = staged(with_queue(lambda stage: stage.publish(0, "orders", {"id": "ä", "cents": 4})))
    [found] = run.trace.of(Published)
    assert json.loads(found.body) == {"id": "ä", "cents": 4}


def test_headers_are_the_message_s_own_and_those_of_the_moment() -> None:
    headers = {"attempts": 3, "cause": "away"}

    def scenario(stage: Stage) -> None:
        stage.publish(2, "orders", b"x", headers=headers)
        headers["attempts"] = 99

    run = staged(with_queue(scenario), PRINTS, starts=3)
    [found] = run.trace.of(Published)
    assert (found.at, found.headers) == (2_000_000, {"attempts": 3, "cause": "away"})
    assert said(run) == "{'attempts': 3, 'cause': 'away'} b'x'\n"


BOUND = """
    channel.exchange_declare("events", exchange_type="topic", durable=True)
    channel.queue_bind("orders", "events", "order.*")
    for _, _, body in channel.consume("orders", auto_ack=True):
        print(body)
""".lstrip()


def test_an_event_goes_the_way_of_its_routing_key_and_owes_all_the_same() -> None:
    def scenario(stage: Stage) -> None:
        stage.queue("orders")
        stage.announce(1.0, "events", "order.placed", b"here", Owes("charge", "order-1"))
        stage.announce(1.0, "events", "parcel.lost", b"nowhere", Owes("ticket", "order-2"))

    run = staged(scenario, BOUND)
    assert said(run) == "b'here'\n"
    assert [event.queues for event in run.trace.of(Published)] == [["orders"], []]
    assert [event.subject for event in run.trace.of(Owed)] == ["order-1", "order-2"]


def test_an_event_for_an_exchange_that_is_not_there_reaches_nobody() -> None:
    def scenario(stage: Stage) -> None:
        stage.announce(1.0, "events", "order.placed", b"1", Owes("charge", "order-1"))

    run = staged(scenario)
    [published] = run.trace.of(Published)
    assert (published.exchange, published.queues, published.body) == ("events", [], b"1")
    assert [event.message for event in run.trace.of(Owed)] == [published.message]


def test_a_restart_of_the_broker_ends_connections_and_a_supervisor_starts_their_process() -> None:
    def scenario(stage: Stage) -> None:
        stage.queue("orders")
        stage.restart_broker(2.0)
        stage.announce(2.5, "events", "order.placed", b"meanwhile")

    run = staged(scenario, BOUND)
    [exited] = [event for event in run.trace.of(Exited) if event.how == "raised"]
    assert (exited.at // 1_000_000, exited.error) == (2, "StreamLostError")
    assert len(run.trace.of(Started)) == 2
    assert said(run) == "b'meanwhile'\n"


def test_what_a_message_obliges_to_comes_right_after_it() -> None:
    owes = Owes("dead letter", "order-1", {"cents": 42})
    run = staged(with_queue(lambda stage: stage.publish(1.5, "orders", b"{", owes)))
    place = next(n for n, event in enumerate(run.trace) if isinstance(event, Published))
    published, owed = run.trace.events[place : place + 2]
    assert isinstance(published, Published)
    assert owed == Owed(
        at=1_500_000, message=published.message, kind="dead letter", subject="order-1",
        detail={"cents": 42},
    )  # fmt: skip


def test_a_message_for_a_queue_that_is_not_there_is_owed_all_the_same() -> None:
    run = staged(lambda stage: stage.publish(0, "orders", b"x", Owes("charge", "order-1")))
    [found] = run.trace.of(Published)
    assert (found.queues, len(run.trace.of(Owed))) == ([], 1)


# --- processes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("starts", [0.0, 0.5, 5.0])
def test_a_process_starts_when_its_role_says(starts: float) -> None:
    run = staged(lambda stage: None, starts=starts)
    assert [event.at for event in run.trace.of(Started)] == [round(starts * 1_000_000)]


def test_a_process_that_is_started_again_does_not_wait_for_its_time() -> None:
    run = staged(lambda stage: None, "raise OSError", starts=5.0)
    assert [event.at // 1_000_000 for event in run.trace.of(Started)] == [5, 6, 7, 8, 9, 10]


def test_chance_is_the_seed_s() -> None:
    def drawn(seed: int) -> int:
        found: list[int] = []
        staged(lambda stage: found.append(stage.chance.randrange(10**9)), seed=seed)
        return found[0]

    assert drawn(0) == drawn(0) != drawn(1)


# --- sagas ---------------------------------------------------------------------------------------

STEPS = {"reservation": {"items": 2}, "charge": {"cents": 42}, "shipment": {}}


@pytest.mark.parametrize(
    ("refused", "owed"),
    [("", ["reservation", "charge", "shipment"]), ("shipment", ["reservation", "charge"])],
)
def test_a_saga_obliges_to_its_steps_up_to_the_one_that_is_refused(
    refused: str, owed: list[str]
) -> None:
    order = {"id": "order-1", "cents": 42}
    run = staged(with_queue(lambda stage: stage.saga(0, "orders", order, STEPS, refused)))
    [published], [saga] = run.trace.of(Published), run.trace.of(SagaOwed)
    assert json.loads(published.body) == order
    assert (saga.message, saga.subject, saga.steps) == (published.message, "order-1", list(STEPS))
    assert [(event.kind, event.detail) for event in run.trace.of(Owed)] == [
        (kind, STEPS[kind]) for kind in owed
    ]


def test_a_service_that_refuses_an_order_does_so_for_good() -> None:
    run = staged(lambda stage: stage.refuses("shipping", "order-1", "NoCarrier", "no"))
    [trouble] = run.trace.of(Trouble)
    assert (trouble.kind, trouble.subject, trouble.error, trouble.until) == (
        "shipment", "order-1", "NoCarrier", None,
    )  # fmt: skip


def test_a_charge_goes_unanswered_once_and_its_refund_fails_for_a_while() -> None:
    def scenario(stage: Stage) -> None:
        stage.unanswered("payments", "order-1", "PaymentTimeout", "no answer")
        stage.cannot_undo("payments", "order-1", 5.0, "GatewayUnavailable", "away")

    body = """
import time
for call in (lambda: payments.charge("order-1", 42, "k"), lambda: payments.refund("order-1", "k")):
    while True:
        try:
            print(time.time() // 1 % 60, call()["id"])
            break
        except Exception as error:
            print(type(error).__name__)
            time.sleep(4)
"""
    run = staged(scenario, body.strip().replace("\n", "\n    "))
    assert [line.split()[-1] for line in said(run).splitlines()] == [
        "PaymentTimeout", "ch_1", "GatewayUnavailable", "ch_1",
    ]  # fmt: skip
