"""Ask another process and wait for its answer, but not for ever.

Goal: the learner builds both ends of a call over RabbitMQ. The client asks with a reply queue, a
correlation id and a deadline, says what it knows when the deadline is over, and tells a late reply
from the one that it waits for. The server charges a card once, however often it is asked, answers
an error with an error, and acks when it has answered. Non-goals: direct reply-to (the lesson has it
in words), a choice among servers, calls that wait for days.

Two clients take from the queue `checkouts`, two servers from `charges`. The servers come up late,
after the first order's deadline and shortly after the second order. The third order's card is
declined. Then somebody sends the servers something that is no request, and then the last order
comes.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Answers, Owes, Stage, row_in
from minibroker.sim.values import Value

CHECKOUTS, REQUESTS, ANSWERS = "checkouts", "charges", "answers"
PENDING = {"status": "pending"}
OPENS = 1.0
"""When the shop opens; by then both clients run."""
SERVED = 10.0
"""When the servers come up."""
PATIENCE = 8.0
"""In how many seconds an order has an answer: the client's deadline, and time for the way."""


def scenario(stage: Stage) -> None:
    """Four orders, of which the second comes just before the server and the third is declined."""
    stage.queue(CHECKOUTS)
    stage.queue(REQUESTS)
    stage.answers(Answers(ANSWERS, PENDING, PATIENCE, SERVED))
    first = stage.chance.randrange(1, 90)
    early, second, broke, last = (f"order-{first + n}" for n in range(4))
    stage.declines(broke)
    _order(stage, OPENS, early)
    _order(stage, SERVED - 1, second)
    _order(stage, SERVED + 2, broke, declined=True)
    stage.publish(SERVED + 2.05, REQUESTS, b"is anybody there?")
    _order(stage, SERVED + 2.1, last)


def _order(stage: Stage, at: float, order: str, declined: bool = False) -> None:
    cents = stage.chance.randrange(500, 9_900)
    if declined:
        owes = [Owes(row_in(ANSWERS), order, {"status": "declined"})]
    else:
        told: dict[str, Value] = {"status": "paid", "cents": cents}
        owes = [Owes(row_in(ANSWERS), order, told), Owes("charge", order, {"cents": cents})]
    stage.publish(at, CHECKOUTS, {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="request_reply",
    version=1,
    roles=(
        Role("client", {"channel": "pika.channel", "database": "database"}, count=2),
        Role("server", {"channel": "pika.channel", "payments": "payments"}, count=2, starts=SERVED),
    ),
    scenario=scenario,
    checks=(
        Check(
            "happy_path",
            2,
            ("wrong_answer", "lost_message", "duplicate_effect"),
            "when no process fails, every order is charged once and has its own answer",
            within="fault_free",
        ),
        Check(
            "deadline",
            4,
            ("deadline_exceeded",),
            "every order is answered in time, with pending when the server is away",
            within="fault_free",
        ),
        Check(
            "its_own_answer",
            4,
            ("wrong_answer",),
            "no order is told another one's answer, or one that is not so, whatever fails",
        ),
        Check("nothing_lost", 4, ("lost_message",), "no order is forgotten, whatever fails"),
        Check("charged_once", 3, ("duplicate_effect",), "no order is charged twice"),
        Check("comes_to_rest", 3, ("stuck",), "every message is settled in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=700, schedules=500, pairs=10, together=80_000, endless=4_000),
    lesson="03_request_reply",
)
