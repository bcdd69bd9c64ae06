"""One fault at the effects of a group of two: nothing is lost, nobody owns what another owns, and
every run comes to rest."""

import pytest

from minibroker.sim.clock import SECOND
from minibroker.sim.trace import Ended, OffsetsCommitted, Rebalanced
from minibroker.sim.world import Member
from tests.minibroker.kafka import Ran, Setting, consuming, holding, play

WORKS = """
consumer.subscribe(["orders"], on_revoke=lambda consumer, partitions: None)
while True:
    message = consumer.poll(1.0)
    if message is not None and not message.error():
        print("did", message.value().decode())
        try:
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            print(error.args[0].name())
"""

EVERY = 3
"""Of the effects every third has its fault; with 1 all have, which takes half a minute."""

RECORDS = ["a", "b", "c", "d", "e", "f"]


def later(stage: Setting) -> None:
    for number, value in enumerate(RECORDS[3:]):
        stage.at(9 + 4 * number, lambda value=value: stage.append("orders", 0, value))


def run(plan: str, strategy: str) -> Ran:
    config = {
        "enable_auto_commit": False,
        "session_timeout_ms": 10_000,
        "partition_assignment_strategy": strategy,
    }
    source = consuming(WORKS, **config) + "\n\n" + consuming(WORKS, "other", **config)
    scenario = holding(later, partitions=2, orders=RECORDS[:3])
    members = [Member("worker", 5), Member("other", 5, 8 * SECOND)]
    return play(source, scenario, plan, members)


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
@pytest.mark.parametrize("kind", ["crash", "pause", "definite", "indefinite", "preempt"])
def test_whatever_goes_wrong_every_record_is_worked_on(kind: str, strategy: str) -> None:
    whole = run("none", strategy)
    for number in range(1, whole.trace.of(Ended)[0].effects + 1, EVERY):
        ran = run(f"{kind}:{number}", strategy)
        where = f"{kind}:{number}"
        assert ran.trace.of(Ended)[0].why == "quiet", where
        assert {line[4:] for line in ran.said.splitlines() if line[:4] == "did "} == {*RECORDS}, (
            where
        )
        for rebalanced in ran.trace.of(Rebalanced):
            owned = [tuple(p) for theirs in rebalanced.owners.values() for p in theirs]
            assert len(owned) == len(set(owned)), where
        if kind != "definite":  # which it does not try again
            assert _last_committed(ran) == {0: 5, 1: 1}, where


def _last_committed(ran: Ran) -> dict[int, int]:
    found: dict[int, int] = {}
    for commit in ran.trace.of(OffsetsCommitted):
        found |= {partition: offset for _, partition, offset in commit.offsets}
    return found


def test_a_run_is_the_same_for_the_same_plan() -> None:
    assert run("pause:20", "range").trace.text() == run("pause:20", "range").trace.text()
