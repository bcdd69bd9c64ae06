"""Send dead letters again, once what stopped them is mended.

Goal: the learner moves back to `orders` what may work now, with all its attempts before it, without
losing any of it when the move is interrupted. Non-goals: who decides what is mended, rates, order.

An optional part of the exercise `dead_letter_queue`, in the same notebook. The shop's own worker
takes from `orders`; what it cannot do comes back to `orders.dead` at once. So whoever sends the
message that is no JSON again as well, until there is nothing left, never ends.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage
from minibroker.sim.values import Value

QUEUE, DEAD = "orders", "orders.dead"
ATTEMPTS = 4


def scenario(stage: Stage) -> None:
    """Three orders whose bank is there again, and between them one that is no JSON."""
    stage.retries(Retries(QUEUE, DEAD, (5.0, 10.0, 20.0), patience=60.0))
    stage.queue(QUEUE)
    stage.queue(DEAD)
    stage.worker(QUEUE, DEAD, ATTEMPTS)
    first = stage.chance.randrange(1, 90)
    for number in range(first, first + 3):
        order, cents = f"order-{number}", stage.chance.randrange(500, 9_900)
        stage.publish(
            0.0,
            DEAD,
            {"id": order, "cents": cents},
            Owes("charge", order, {"cents": cents}),
            {"cause": "GatewayUnavailable: the bank cannot be reached", "attempts": ATTEMPTS},
        )
        if number == first:
            broken: dict[str, Value] = {
                "cause": "JSONDecodeError: no order can be read from it",
                "attempts": 1,
            }
            stage.publish(0.0, DEAD, b'{"id": "order-', headers=broken)


SPEC = Spec(
    name="redrive",
    version=1,
    roles=(Role("redrive", {"channel": "pika.channel"}, starts=1.0),),
    scenario=scenario,
    checks=(
        Check(
            "redriven",
            0,
            ("lost_message", "given_up_early", "stuck"),
            "every order whose bank was away is charged, whenever the move is interrupted",
        ),
    ),
    faults=("crash", "definite", "indefinite"),
    budget=Budget(pairs=50, together=20_000, endless=4_000),
)
