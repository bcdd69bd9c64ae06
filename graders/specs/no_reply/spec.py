"""The experiment of lesson 03: the server loses one request, and nobody will reply to it.

Goal: the learner sees that a wait without a deadline waits for ever, and what waits with it.
Non-goals: late replies (the experiment `late_reply`), the server's code.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Answers, Owes, Stage, row_in

ANSWERS = "answers"


def scenario(stage: Stage) -> None:
    """Two orders. The server is restarted with the first request about order-1 in its hands."""
    stage.queue("checkouts")
    stage.queue("charges")
    stage.answers(Answers(ANSWERS, {"status": "pending"}, patience=8.0, served=2.0))
    stage.server("charges", {}, loses=["order-1"])
    _order(stage, 1.0, "order-1", 4200)
    _order(stage, 2.0, "order-2", 1700)


def _order(stage: Stage, at: float, order: str, cents: int) -> None:
    told = Owes(row_in(ANSWERS), order, {"status": "paid", "cents": cents})
    stage.publish(at, "checkouts", {"id": order, "cents": cents}, told)


SPEC = Spec(
    name="no_reply",
    version=1,
    roles=(Role("client", {"channel": "pika.channel", "database": "database"}),),
    scenario=scenario,
    checks=(
        Check("in_time", 1, ("deadline_exceeded",), "every order is told something within 8 s"),
        Check(
            "answered",
            1,
            ("lost_message", "stuck"),
            "every order has its answer in the end",
        ),
    ),
    budget=Budget(effects=60, together=3_000, endless=300),
    lesson="03_request_reply",
)
