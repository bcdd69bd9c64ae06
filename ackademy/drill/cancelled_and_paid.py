"""Bug hunt: an orchestrator that keeps its sagas in memory and calls every order undone."""

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import check_cells, one_run
from graders.judges.sagas import Saga, sagas
from graders.spec import load
from graders.stage import Run
from minibroker.sim.faults import crash
from minibroker.sim.trace import Answered, Delivered, Requested, SagaOwed, Trouble

NAME = "cancelled_and_paid"

LEFT = (
    "nothing, it is undone",
    "its charge",
    "its reservation and its charge",
    "its reservation",
)


def unanswered(run: Run) -> str:
    """The order whose charge was made and not answered."""
    [number] = [event.number for event in run.trace.of(Answered) if event.error == "PaymentTimeout"]
    [order] = [event.args["order"] for event in run.trace.of(Requested) if event.number == number]
    return str(order)


def without_carrier(run: Run) -> str:
    """The order that no carrier takes."""
    [order] = [event.subject for event in run.trace.of(Trouble) if event.error == "NoCarrier"]
    return order


def left(saga: Saga) -> list[str]:
    """The steps of a saga that stand."""
    return [step for step in saga.steps if saga.stands(step)]


def said_undone(run: Run, order: str) -> bool:
    """Whether the code printed of an order that it was undone."""
    return f"{order} was undone" in "".join(part.text for part in run.printed)


def _unanswered(run: Run) -> int:
    stand = left(sagas(run.trace)[unanswered(run)])
    return [[], ["charge"], ["reservation", "charge"], ["reservation"]].index(stand)


def _without_carrier(run: Run) -> int:
    order = without_carrier(run)
    stands, said = bool(left(sagas(run.trace)[order])), said_undone(run, order)
    return {(False, True): 0, (True, True): 1, (True, False): 2, (False, False): 3}[stands, said]


def _crashed(code: str, seed: int) -> str:
    """The broken code and a crash after the first charge, with the ack where it is and at the
    end."""
    ack = "        channel.basic_ack(method.delivery_tag)\n"
    later = code.replace(ack, "") + ack
    assert later.count(ack) == 1
    return (
        "And a crash? The process dies right after the first charge, which is made:\n"
        f"  acked at once, as above: {_after_the_charge(code, seed)}\n"
        f"  acked at the end: {_after_the_charge(later, seed)}\n"
        "The second asks for each step again, is told under the same keys what was done, and goes "
        "on. An unacked message is a memory that a crash does not reach. "
        f"{_what_the_ack_mends(later, seed)}"
    )


def _after_the_charge(code: str, seed: int) -> str:
    spec = load(NAME)
    alone, _ = one_run(spec, code, (), seed)
    charge = next(event for event in alone.trace.of(Requested) if event.op == "charge")
    order = str(charge.args["order"])
    run, _ = one_run(spec, code, (crash(charge.number),), seed)
    saga = sagas(run.trace)[order]
    [message] = [event.message for event in run.trace.of(SagaOwed) if event.subject == order]
    again = any(event.redelivered and event.message == message for event in run.trace.of(Delivered))
    came = "it comes again" if again else "it does not come again"
    stand = " and ".join(left(saga))
    if len(left(saga)) == len(saga.steps):
        return f"{came}, and {order} is complete"
    return f"{came}, and of {order} there stands: {stand}"


def _what_the_ack_mends(code: str, seed: int) -> str:
    failed = [v.check for v in check_cells(NAME, [code], seed) if v.outcome == "fail"]
    if not failed:
        return "With the ack at the end every check passes."
    return (
        "Moving the ack alone mends no more than that: still failing are "
        f"{' and '.join(check.replace('_', ' ') for check in failed)}."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="believes_its_list",
    story=(
        "A shop takes each order through three services: the stock reserves, the gateway charges, "
        "the carrier books a shipment. When something fails, it undoes what was done. Four orders "
        "come. The first goes through. The charge of the second is made, and the gateway's answer "
        "gets lost. The card of the third is declined. No carrier takes the fourth, and just then "
        "the gateway cannot be reached for five seconds. Here is the orchestrator:"
    ),
    predictions=(
        Prediction(
            "what stands of the second order",
            "What stands of the second order, whose charge was made and not answered?",
            LEFT,
            _unanswered,
            "The list holds the steps that returned. The charge raised PaymentTimeout, so it is "
            "not in the list, and nobody undoes it. A timeout is no no: it says that nobody knows.",
        ),
        Prediction(
            "the fourth order",
            "What becomes of the fourth order, and what does the orchestrator say about it?",
            (
                "it is undone, and is said to be",
                "its charge stands, and it is said to be undone",
                "its charge stands, and it is said that it could not be undone",
                "it is undone, and nothing is said",
            ),
            _without_carrier,
            "The refund failed once and was not tried again; the last line is printed whatever "
            "came of the compensations. A compensation is repeated until it has happened.",
        ),
    ),
    names={
        "missing_compensation": (
            "an order is over and half done: some of its steps stand and others do not. Here two "
            "customers have paid for nothing."
        ),
        "double_compensation": (
            "what was done once was undone twice. Here the keys would prevent it, and nobody even "
            "tries a second time."
        ),
        "duplicate_effect": (
            "something is done more often than was asked for. Here no step is asked for twice."
        ),
        "stuck": (
            "the run comes to its end, or to none, and work is left in a queue. Here every message "
            "was acked, long before its work was done."
        ),
    },
    asides=(_crashed,),
    task=(
        "Mend the orchestrator. Every order ends wholly done or wholly undone. It is undone only\n"
        "when a service refuses it for good: SoldOut, CardDeclined, NoCarrier. The process may\n"
        "crash after any step. What is undone under a key stays undone: ChargeVoided and\n"
        "RequestVoided are raised when the step is asked for under that key again."
    ),
    caveat=(
        "Here the services remember every key for ever, and an undone one too. Real ones forget "
        "keys after a day or so, and few keep tombstones; then the saga needs a state of its own."
    ),
    interview=(
        (
            "A step that timed out may have happened: ask again under its idempotency key, or "
            "compensate it as well, but never leave it out.",
            "shown above; Stripe API reference, Idempotent requests",
        ),
        (
            "A compensation has no fallback: it is repeated until it has happened, from a state "
            "that outlives the process, and only then is the order called cancelled.",
            "shown above; Garcia-Molina and Salem, Sagas, 1987",
        ),
        (
            "The message is acked when the saga has ended, not when it begins; until then the "
            "broker hands it out again after a crash.",
            "the crash above; RabbitMQ, Consumer Acknowledgements and Publisher Confirms",
        ),
    ),
)
