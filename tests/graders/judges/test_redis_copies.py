"""Where a stream's entries are: they wait for each group, from when it is made."""

from graders.judges.copies import is_gone, last_of_each_copy
from minibroker.sim.trace import GroupPlaced, Published, Settled, Trace


def trace(*more: Settled) -> Trace:
    found = Trace()
    found.append(
        Published(at=0, who="scenario", message=1, exchange="", routing_key="orders",
                  queues=["orders"], body=b"{}")
    )  # fmt: skip
    found.append(
        GroupPlaced(at=1, who="worker#1", stream="orders", group="billing",
                    queue="orders for billing", messages=[1])
    )  # fmt: skip
    for event in more:
        found.append(event)
    return found


def test_an_entry_waits_for_the_group_that_is_made_and_no_more_for_anybody() -> None:
    last = last_of_each_copy(trace())
    assert list(last) == [("orders for billing", 1)]
    assert not any(is_gone(copy, event) for copy, (_, event) in last.items())


def test_an_entry_that_its_group_has_acked_is_gone() -> None:
    acked = Settled(at=2, who="worker#1", queue="orders for billing", message=1, how="acked")
    [(copy, (_, event))] = last_of_each_copy(trace(acked)).items()
    assert is_gone(copy, event)
