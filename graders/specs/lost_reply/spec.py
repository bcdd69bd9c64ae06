"""Bug hunt: a client that waits for the reply to its call until it is there.

Goal: the learner sees that a reply may never come, and that the wait for it stops all that is
behind it; gives the call a deadline; and finds that a deadline brings late replies with it.
Non-goals: the server, which charges an order once, however often it is asked; a second client.

Four orders come. The payment server is restarted with the first request about the second in its
hands. About the third it is slow, so its reply may come while the client waits for the fourth.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Answers, Owes, Stage, row_in

CHECKOUTS, REQUESTS, ANSWERS = "checkouts", "charges", "answers"
PENDING = {"status": "pending"}
PATIENCE = 8.0


def scenario(stage: Stage) -> None:
    """The second order's first request is lost; the work on the third takes 6 s."""
    first = stage.chance.randrange(1, 90)
    orders = [f"order-{first + n}" for n in range(4)]
    _, lost, slow, last = orders
    _shop(stage, orders, {slow: 6.0, last: 2.0}, [lost])


def with_a_slow_server(stage: Stage) -> None:
    """Nothing is lost; the work on the second order takes a minute."""
    first = stage.chance.randrange(1, 90)
    orders = [f"order-{first + n}" for n in range(4)]
    _shop(stage, orders, {orders[1]: 60.0}, [])


def _shop(stage: Stage, orders: list[str], slow: dict[str, float], loses: list[str]) -> None:
    stage.queue(CHECKOUTS)
    stage.queue(REQUESTS)
    stage.answers(Answers(ANSWERS, PENDING, PATIENCE, served=1_000.0))
    stage.server(REQUESTS, slow, loses)
    for order, at in zip(orders, (1.0, 2.0, 6.9, 11.0), strict=True):
        cents = stage.chance.randrange(500, 9_900)
        told = Owes(row_in(ANSWERS), order, {"status": "paid", "cents": cents})
        stage.publish(at, CHECKOUTS, {"id": order, "cents": cents}, told)


SPEC = Spec(
    name="lost_reply",
    version=1,
    roles=(Role("client", {"channel": "pika.channel", "database": "database"}),),
    scenario=scenario,
    checks=(
        Check("comes_to_rest", 4, ("stuck",), "the run comes to rest with every order settled"),
        Check(
            "in_time",
            2,
            ("deadline_exceeded",),
            "every order is told something within 8 s, pending if nothing better is known",
            within="fault_free",
        ),
        Check(
            "its_own_answer",
            4,
            ("wrong_answer", "lost_message"),
            "every order has its own answer in the end",
        ),
    ),
    budget=Budget(effects=200, together=6_000, endless=600),
    lesson="03_request_reply",
)
