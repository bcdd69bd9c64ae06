"""Bug hunt: a worker that gives every message that failed back to the queue."""

from dataclasses import replace

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.explore import launcher, run
from graders.sandbox.transport import children
from graders.spec import load
from graders.specs.poison_message.spec import (
    on_a_quorum_queue,
    on_a_quorum_queue_with_dead_letters,
)
from graders.stage import Run, Scenario
from minibroker.queues.arguments import DELIVERY_LIMIT
from minibroker.sim.trace import Delivered, Ended, Owed, SideEffect

NAME = "poison_message"


def handed_out(run: Run) -> tuple[int, bool]:
    """How often the malformed order was handed out, and whether there was no end to it."""
    [bad] = [event.message for event in run.trace.of(Owed) if event.kind == "ticket"]
    # A message keeps its number when the broker moves it to another queue.
    times = sum(
        event.message == bad and event.queue == "orders" for event in run.trace.of(Delivered)
    )
    return times, run.trace.of(Ended)[0].why == "effects"


def behind(run: Run) -> tuple[int, int]:
    """Of the good orders behind the malformed one: how many there are and were charged."""
    owed = run.trace.of(Owed)
    [bad] = [event.message for event in owed if event.kind == "ticket"]
    # The last order comes late; in a run that spins until it is stopped it may never come.
    orders = {event.subject for event in owed if event.message > bad}
    charged = {event.subject for event in run.trace.of(SideEffect) if event.kind == "charge"}
    return len(orders), len(orders & charged)


def _times(run: Run) -> int:
    times, endless = handed_out(run)
    return 3 if endless else {1: 0, 3: 1}.get(times, 2)


def _behind(run: Run) -> int:
    there, charged = behind(run)
    return 0 if charged == there else 1


def _with_more_prefetch(code: str, seed: int) -> str:
    """The same worker, with room for ten messages."""
    more = code.replace("prefetch_count=1", "prefetch_count=10")
    assert more != code
    run, _ = one_run(load(NAME), more, (), seed)
    there, charged = behind(run)
    times, endless = handed_out(run)
    return (
        f"The same worker with prefetch_count=10: {charged} of {there} orders behind the malformed "
        f"one are charged, and it is handed out {times} times, {'without' if endless else 'with'} "
        "an end. More prefetch hides the loop: the good orders get through, while the worker, the "
        "broker and the payment gateway are kept busy by one message."
    )


def _on_a_quorum_queue(code: str, seed: int) -> str:
    """The same worker, and one that rejects instead, where the broker counts."""
    rejecting = code.replace("basic_nack", "basic_reject")
    assert rejecting != code
    plain, with_dead_letters = on_a_quorum_queue, on_a_quorum_queue_with_dead_letters
    return (
        f"Would a quorum queue have helped? It has a delivery limit, {DELIVERY_LIMIT} by default, "
        "and gives up a message whose failures exceed it. Three runs:\n"
        f"  basic_nack(requeue=True), as above: {_ended(code, plain, seed)}\n"
        f"  basic_reject(requeue=True): {_ended(rejecting, plain, seed)}\n"
        "  the same, and the queue dead-letters to orders.dead: "
        f"{_ended(rejecting, with_dead_letters, seed)}\n"
        "Since RabbitMQ 4.3 a nack means that the message was not worked on and is not counted; a "
        "reject and a crash are. Up to 4.2 every return was counted, so the first run would have "
        "ended like the second. [RabbitMQ 4.3, Negative Acknowledgements; Quorum Queues, Poison "
        "Message Handling]"
    )


def _ended(code: str, scenario: Scenario, seed: int) -> str:
    """How often the malformed order is handed out in a scenario, and where it ends."""
    spec = replace(load(NAME), scenario=scenario)
    tried = run(spec, launcher(spec, children(code), seed), (), seed)
    times, endless = handed_out(tried)
    if endless:
        return f"handed out {times} times, without an end"
    tickets = [event for event in tried.trace.of(SideEffect) if event.kind == "ticket"]
    where = "then it went to the support desk" if tickets else "then it was dropped, and is lost"
    return f"handed out {times} times, {where}"


HUNT = Hunt(
    exercise=NAME,
    broken="requeues_every_error",
    story=(
        "A shop puts its orders into the queue `orders`, a classic queue of RabbitMQ. One worker "
        "charges them. Six orders come. One of them has an amount that the payment gateway will "
        "never take. Here is the worker:"
    ),
    predictions=(
        Prediction(
            "the malformed order is handed out",
            "How many times is the malformed order handed out?",
            ("once", "3 times", "20 times", "again and again, as long as a worker runs"),
            _times,
            "A classic queue counts nothing. A requeued message goes back to its old place where "
            "that is possible, here the head of the queue, so it is the next one out. [RabbitMQ, "
            "Consumer Acknowledgements and Publisher Confirms]",
        ),
        Prediction(
            "the good orders behind it",
            "What becomes of the good orders behind it?",
            (
                "they are charged as usual",
                "they wait in the queue, and nobody gets to them",
                "they are dropped",
                "they are charged twice",
            ),
            _behind,
            "With prefetch_count=1 the broker hands out the next message only when this one is "
            "settled, and the next one is the malformed order again. One bad message has stopped "
            "the shop.",
        ),
    ),
    names={
        "stuck": (
            "work is left and the run does not get to it. Here it is a poison loop: a message "
            "that fails every time is requeued and handed out again without end."
        ),
        "lost_message": (
            "the broker has forgotten a message, and what it asked for was not done. Here the "
            "broker still has every order that was not charged."
        ),
        "duplicate_effect": (
            "a card is charged more often than was asked for. Here the idempotency key holds, and "
            "the malformed order was never charged at all."
        ),
        "reordered": (
            "orders of one customer are worked on in another order than they came in. Here they "
            "keep their order: that is why they wait."
        ),
    },
    asides=(_with_more_prefetch, _on_a_quorum_queue),
    task=(
        "Mend the worker. Every good order is charged once. The malformed one goes to the queue\n"
        "`orders.dead`, where the support desk opens a ticket for it; the desk opens one ticket\n"
        "for an order, however often it comes. The worker may crash after any step."
    ),
    caveat=(
        "Here every publish reaches the broker. On a real one it may not: switch on publisher "
        "confirms, and ack only when the dead letter is confirmed."
    ),
    interview=(
        (
            "nack(requeue=True) on a classic queue counts nothing: a message that always fails "
            "comes back for ever, and with prefetch 1 all that is behind it waits.",
            "shown above; RabbitMQ, Consumer Acknowledgements and Publisher Confirms",
        ),
        (
            "A quorum queue has a delivery limit, 20 by default, but since RabbitMQ 4.3 a reject "
            "or a crash counts towards it and a nack with requeue does not.",
            "shown above; RabbitMQ 4.3, Negative Acknowledgements; Quorum Queues, Poison Message "
            "Handling",
        ),
        (
            "What can never work goes to a dead-letter queue with its cause: publish, wait for the "
            "confirm, then ack, for a second copy is known by its id and a lost order is gone.",
            "the crashes above; RabbitMQ, Consumer Acknowledgements and Publisher Confirms",
        ),
    ),
)
