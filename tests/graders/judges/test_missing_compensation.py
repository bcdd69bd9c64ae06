"""Missing compensation: an order is over and half done."""

import pytest

from graders.judges.missing_compensation import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import ended, history
from tests.graders.judges.sagas import STEPS, did, saga, undid, voided

FIRES: dict[str, tuple[list[Event], str, tuple[int, ...]]] = {
    "a step that timed out stands, those before it were undone": (
        [saga(), did("reservation"), did("charge"), undid("reservation"), ended()],
        "order-1 is left half done: its charge stands, its reservation was undone and no shipment "
        "was made",
        (2,),
    ),
    "left on the way forward": (
        [saga(), did("reservation"), did("charge"), ended()],
        "order-1 is left half done: its reservation and charge stand, no shipment was made",
        (1, 2),
    ),
    "the first step alone stands": (
        [saga(), did("reservation"), ended()],
        "order-1 is left half done: its reservation stands, no charge and no shipment was made",
        (1,),
    ),
    "complete, and then one step was undone": (
        [saga(), *map(did, STEPS), undid("charge")],
        "order-1 is left half done: its reservation and shipment stand, its charge was undone",
        (1, 3),
    ),
    "done twice and undone once": (
        [saga(), did("reservation"), did("charge"), did("charge"), undid("charge"),
         undid("reservation")],
        "order-1 is left half done: its charge stands, its reservation was undone and no shipment "
        "was made",
        (3,),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_an_order_is_left_half_done(
    events: list[Event], sentence: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert (found.anomaly, found.sentence, found.events) == (
        "missing_compensation", sentence, positions,
    )  # fmt: skip


QUIET: dict[str, list[Event]] = {
    "nothing happened": [saga(), ended()],
    "wholly done": [saga(), *map(did, STEPS), ended()],
    "wholly undone": [
        *(saga(), did("reservation"), did("charge"), voided("shipment")),
        *(undid("charge"), undid("reservation"), ended()),
    ],
    "complete, and then wholly undone": [saga(), *map(did, STEPS), *map(undid, reversed(STEPS))],
    "one step was done twice": [saga(), *map(did, STEPS), did("charge")],
    "stopped in the middle, since it did not come to rest": [
        saga(), did("reservation"), ended("effects"),
    ],
    "no saga": [did("charge"), ended()],
}  # fmt: skip


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_an_order_is_not_left_half_done(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_each_order_is_looked_at_by_itself() -> None:
    events = [saga("order-1"), saga("order-2", 2), did("reservation", "order-2")]
    events += [did(step, "order-1") for step in STEPS]  # type: ignore[misc]
    assert [found.sentence.split()[0] for found in find(history(*events))] == ["order-2"]


def test_nothing_is_shown_before_something_was_undone() -> None:
    assert unshown(history(saga(), did("charge"), voided("charge"))) == (
        "nothing was ever undone, so no compensation was seen"
    )
    assert unshown(history(saga(), did("charge"), undid("charge"))) == ""
