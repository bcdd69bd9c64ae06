"""The experiment of lesson 03: one reply comes after its deadline, while another call waits.

Goal: the learner sees whose reply is whose, and what an order needs whose reply was late.
Non-goals: replies that never come (the experiment `no_reply`), the server's code.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Answers, Owes, Stage, row_in

ANSWERS = "answers"


def scenario(stage: Stage) -> None:
    """The server works 6 s on order-1 and 4 s on order-2, which comes 4 s later."""
    stage.queue("checkouts")
    stage.queue("charges")
    stage.answers(Answers(ANSWERS, {"status": "pending"}, patience=8.0, served=60.0))
    stage.server("charges", {"order-1": 6.0, "order-2": 4.0})
    _order(stage, 1.0, "order-1", 4200)
    _order(stage, 5.0, "order-2", 1700)


def _order(stage: Stage, at: float, order: str, cents: int) -> None:
    told = Owes(row_in(ANSWERS), order, {"status": "paid", "cents": cents})
    stage.publish(at, "checkouts", {"id": order, "cents": cents}, told)


SPEC = Spec(
    name="late_reply",
    version=1,
    roles=(Role("client", {"channel": "pika.channel", "database": "database"}),),
    scenario=scenario,
    checks=(
        Check("its_own", 1, ("wrong_answer",), "no order is told what is another one's"),
        Check(
            "answered",
            1,
            ("lost_message",),
            "every order has its answer in the end",
        ),
    ),
    budget=Budget(effects=80, together=3_000, endless=300),
    lesson="03_request_reply",
)
