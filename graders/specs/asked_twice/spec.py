"""The experiment of lesson 03: the server's end, with a caller that asks again.

Goal: the learner sees what a server owes to whoever asks: one charge however often it is asked, the
ack after the reply, an answer also when the answer is no. Non-goals: the client's code, deadlines.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value

REPLIES = "replies"


def scenario(stage: Stage) -> None:
    """order-1 is asked for twice, the card of order-2 is declined, order-3 is a plain one."""
    stage.queue("charges")
    stage.queue(REPLIES)
    stage.reader(REPLIES)
    stage.declines("order-2")
    _request(stage, 1.0, "order-1", 4200, "call-1")
    _request(stage, 6.0, "order-1", 4200, "call-2")
    _request(stage, 8.0, "order-2", 1700, "call-3")
    _request(stage, 9.0, "order-3", 990, "call-4")


def _request(stage: Stage, at: float, order: str, cents: int, call: str) -> None:
    body: dict[str, Value] = {"id": order, "cents": cents}
    owes = [] if order == "order-2" else [Owes("charge", order, {"cents": cents})]
    stage.publish(at, "charges", body, owes, reply_to=REPLIES, correlation_id=call)


SPEC = Spec(
    name="asked_twice",
    version=1,
    roles=(Role("server", {"channel": "pika.channel", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("once", 1, ("duplicate_effect",), "no card is charged twice"),
        Check("done", 1, ("lost_message",), "no request is forgotten"),
        Check("goes_on", 1, ("stuck",), "the server answers a no and goes on"),
    ),
    budget=Budget(effects=80, together=3_000, endless=300),
    lesson="03_request_reply",
)
