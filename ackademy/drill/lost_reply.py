"""Bug hunt: a client that waits for the reply to its call until it is there."""

from dataclasses import replace

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.explore import launcher, run
from graders.judges.answers import asked
from graders.sandbox.transport import children
from graders.spec import load
from graders.specs.lost_reply.spec import REQUESTS, with_a_slow_server
from graders.stage import Run
from minibroker.sim.faults import Fault
from minibroker.sim.trace import Owed, Published, Requested

NAME = "lost_reply"


def told(run: Run) -> int:
    """How many of the four orders have their answer."""
    return sum(any(answer.right for answer in each.told) for each in asked(run.trace))


def requests(run: Run) -> int:
    """How often the second order was asked for."""
    second = run.trace.of(Owed)[1].message
    body = next(e.body for e in run.trace.of(Published) if e.message == second)
    return sum(e.body == body and REQUESTS in e.queues for e in run.trace.of(Published))


def _asked(run: Run) -> int:
    return {1: 0, 2: 1}.get(requests(run), 2)


def _told(run: Run) -> int:
    return {4: 0, 3: 1}.get(told(run), 2)


def _when_it_is_restarted(code: str, seed: int) -> str:
    """The same client, killed while it waits in vain."""
    spec = load(NAME)
    waits, _ = one_run(spec, code, (), seed)
    vain = [event.number for event in waits.trace.of(Requested) if event.op == "receive"][-2]
    tried, _ = one_run(spec, code, (Fault("crash", vain),), seed)
    return (
        f"The same client, killed while it waits: {told(tried)} of 4 orders have their answer, "
        f"instead of {told(waits)}. It had not acked the order, so the broker handed it out again, "
        "and the fresh process asked again. All that was missing was somebody who stops the wait. "
        "A client that runs and waits looks healthy, so nobody did; with a deadline it does itself."
    )


def _with_a_slow_server(code: str, seed: int) -> str:
    """The same client, where no reply is lost and one is slow."""
    spec = replace(load(NAME), scenario=with_a_slow_server)
    tried = run(spec, launcher(spec, children(code), seed), (), seed)
    came = {event.message: event.at for event in tried.trace.of(Published)}
    waits = [
        (next(answer.at for answer in each.told if answer.right) - came[each.debt.messages[0]])
        / 1e6
        for each in asked(tried.trace)
    ]
    return (
        "And with a server that loses nothing and needs a minute for the second order: the four "
        f"orders are answered after {', '.join(f'{each:.0f} s' for each in waits)}. Nobody is "
        "stuck, and the two behind the slow one wait nearly as long as it does, though the server "
        "has nothing else to do. A wait without a bound makes the server's trouble the client's."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="waits_for_ever",
    story=(
        "A shop's checkout takes orders from the queue `checkouts` and asks a payment server over "
        "RabbitMQ to charge them: requests go to `charges`, replies come to a queue of the "
        "client's own. What the customer is told is the order's row in the table `answers`. Four "
        "orders come. The server is restarted once: it had acked the first request about the "
        "second order and had not begun to work on it. It charges an order once, however often it "
        "is asked. Here is the client:"
    ),
    predictions=(
        Prediction(
            "the second order is asked for",
            "How often does this client ask the server to charge the second order?",
            ("once", "twice", "again and again"),
            _asked,
            "It asks once and then only looks whether the reply is there. The request was acked "
            "when the server took it, so the broker has forgotten it as well: nobody is left who "
            "could bring the reply about.",
        ),
        Prediction(
            "the orders that are answered",
            "How many of the four orders get their answer?",
            ("all four", "three", "only the first"),
            _told,
            "The client is in the loop of the second order and does not come out of it. "
            "process_data_events() hands over what arrives, also the next orders, but nobody works "
            "on them. [pika, BlockingConnection.process_data_events]",
        ),
    ),
    names={
        "stuck": (
            "work is left and the run does not get to it. Here the client holds an order for ever, "
            "and the others wait behind it."
        ),
        "lost_message": (
            "the broker has forgotten a message, and what it asked for was not done. The request "
            "was lost so, but not the order: it is still unacked, and would come back."
        ),
        "wrong_answer": (
            "somebody was told what is not so, such as the answer to another order. Here the "
            "correlation id keeps the replies apart, and nobody is told anything."
        ),
        "duplicate_effect": (
            "a card is charged more often than was asked for. Here the server charges an order "
            "once, and this client would not even ask a second time."
        ),
    },
    asides=(_when_it_is_restarted, _with_a_slow_server),
    task=(
        "Mend the client. Every order is told something within 8 seconds: its answer, or\n"
        '{"status": "pending"} when there is none yet. In the end every order has its own answer.\n'
        "The server may be slow: a reply may come when you no longer wait for it. The client may\n"
        "crash after any step. You may ask as often as you like, about five seconds apart."
    ),
    caveat=(
        "Here the loop without a time limit costs little, since the simulator lets each look that "
        "finds nothing take longer. On a real machine it keeps a core busy."
    ),
    interview=(
        (
            "A request over a queue has three outcomes, a reply, an error as a reply, and silence; "
            "silence says nothing about whether it was done.",
            "shown above; RabbitMQ, Tutorial 6, Remote procedure call (RPC)",
        ),
        (
            "So a call has a deadline, and after it the order stays open: ask again under the "
            "same idempotency key, or take the late reply when it comes.",
            "the designs above",
        ),
        (
            "With a deadline come late replies. The correlation id names the call, and a reply to "
            "no open call is never the answer to the next one.",
            "the wrong mends above; RabbitMQ, Tutorial 6, Correlation id",
        ),
    ),
)
