"""Small runs to draw: literal traces, and real runs of the classical mistakes."""

from collections.abc import Sequence
from functools import cache

from graders.explore import explore
from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Run, Stage
from graders.verdict import Verdict, verdicts
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Event, Trace
from minibroker.sim.world import Printed


def run_of(*events: Event, printed: Sequence[Printed] = ()) -> Run:
    """A run that left just these events."""
    trace = Trace()
    for event in events:
        trace.append(event)
    return Run((), 0, trace, printed, {})


def two_orders(stage: Stage) -> None:
    stage.queue("orders")
    for order, cents in (("order-1", 4200), ("order-2", 999)):
        owes = Owes("charge", order, {"cents": cents})
        stage.publish(0.0, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="story",
    version=1,
    roles=(
        Role(
            "worker",
            {"channel": "pika.channel", "payments": "payments", "database": "database"},
        ),
    ),
    scenario=two_orders,
    checks=(
        Check("nothing_lost", 4, ("lost_message",), "every order is charged"),
        Check("charged_once", 4, ("duplicate_effect",), "no order is charged twice"),
        Check("queue_drained", 2, ("stuck",), "every message is settled"),
    ),
    budget=Budget(effects=200, schedules=20),
)

HEAD = """
import json, time

def worker(channel, payments, database):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
"""

FORGETS = """
import json

def worker(channel, payments, database):
    done = set()
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        print("has", order["id"])
        if order["id"] not in done:
            payments.charge(order["id"], order["cents"])
            done.add(order["id"])
        channel.basic_ack(method.delivery_tag)
"""

ACKS_FIRST = (
    HEAD
    + """
        channel.basic_ack(method.delivery_tag)
        payments.charge(order["id"], order["cents"])
"""
)

NEVER_ACKS = (
    HEAD.replace("    channel.basic_qos(prefetch_count=1)\n", "")
    + """
        payments.charge(order["id"], order["cents"], order["id"])
"""
)

REQUEUES = (
    HEAD
    + """
        channel.basic_nack(method.delivery_tag, requeue=True)
"""
)

RAISES = (
    HEAD
    + """
        raise RuntimeError("<script>alert('x')</script>\\x00" + order["id"])
"""
)

POLLS = """
import json, time

def worker(channel, payments, database):
    while True:
        method, properties, body = channel.basic_get("orders")
        if method is None:
            time.sleep(0.5)
            continue
        order = json.loads(body)
        if database.get("done", order["id"]) is None:
            payments.charge(order["id"], order["cents"], order["id"])
            database.insert("done", order["id"])
        channel.basic_ack(method.delivery_tag)
"""


@cache
def judged(source: str) -> dict[str, Verdict]:
    """The verdicts of a source, by check."""
    return {one.check: one for one in verdicts(SPEC, explore(SPEC, Inline(source)), "0" * 8)}


def fault_free(source: str) -> Run:
    """The run without faults of a source."""
    return explore(SPEC, Inline(source)).fault_free


def failing(source: str, check: str) -> Verdict:
    """The verdict of a check that the source must not pass, with the run that shows why."""
    verdict = judged(source)[check]
    assert verdict.witness is not None
    return verdict
