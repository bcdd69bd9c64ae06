"""The arithmetic of sizing, held against a queue that is worked off second by second."""

import pytest

from ackademy.drill import sizing
from ackademy.drill.order_sizing import Burst, Limit, changed_by, drawn
from ackademy.drill.sizing import Working, amount

SEEDS = range(60)


def left_after(waiting: float, seconds: float, comes_in: float, goes_out: float) -> float:
    """What waits in a queue after so long, in steps of a tenth of a second."""
    for _ in range(round(seconds * 10)):
        waiting = max(0.0, waiting + comes_in / 10 - goes_out / 10)
    return waiting


def worked_off(burst: int, count: int, work_ms: float) -> float:
    """Seconds until the last message of a burst is done, each consumer taking one at a time."""
    free_at = [0.0] * count
    for _ in range(burst):
        at = min(range(count), key=free_at.__getitem__)
        free_at[at] += work_ms / 1000
    return max(free_at)


def test_the_consumers_needed_follow_from_littles_law():
    working = sizing.consumers(per_second=400, work_ms=80, busy=0.7)
    assert sizing.in_work(400, 80) == 32
    assert working.value == 46
    assert working.steps == (
        "in work at a time: 400 a second × 80 ms = 32",  # noqa: RUF001
        "busy 70% of the time: 32 / 0.7 = 45.7",
        "whole consumers: 46",
    )


def test_an_exact_division_needs_no_consumer_more():
    assert sizing.consumers(per_second=420, work_ms=100, busy=0.7).value == 60  # 60.00000000000001


@pytest.mark.parametrize("answer", [32, 40, 52])
def test_consumers_that_never_catch_up_are_few_and_many_are_too_many(answer):
    """Within a tenth is near enough; as many as are in work on average is not."""
    assert not sizing.consumers(per_second=400, work_ms=80, busy=0.7).fits(answer)


@pytest.mark.parametrize("answer", [42, 46, 50])
def test_a_rough_number_of_consumers_is_right(answer):
    assert sizing.consumers(per_second=400, work_ms=80, busy=0.7).fits(answer)


def test_as_many_consumers_as_are_in_work_are_never_right_however_near():
    working = sizing.consumers(per_second=100, work_ms=100, busy=0.95)
    assert (working.value, working.fits(10), working.fits(11)) == (11, False, True)


@pytest.mark.parametrize(
    ("work_ms", "trip_ms", "needed"), [(4, 100, 26), (60, 30, 2), (100, 0, 1), (50, 50, 2)]
)
def test_the_prefetch_covers_the_way_there_and_back(work_ms, trip_ms, needed):
    """The first case is that of RabbitMQ's blog: 4 ms of work, 50 ms each way."""
    working = sizing.prefetch(work_ms, trip_ms)
    assert working.value == needed
    assert needed * work_ms >= trip_ms + work_ms  # busy until the next message is there
    assert (needed - 1) * work_ms < trip_ms + work_ms
    assert not working.fits(250)


def test_a_backlog_is_what_came_in_meanwhile():
    assert sizing.backlog(per_second=400, minutes=10).value == 240_000


def test_only_what_is_spare_drains():
    drained = sizing.drain(waiting=240_000, per_second=400, count=46, work_ms=80)
    assert drained.value == pytest.approx(240_000 / 175 / 60)
    assert not drained.fits(240_000 / 575 / 60)  # backlog through capacity
    goes_out = sizing.capacity(46, 80)
    assert left_after(240_000, drained.value * 60 - 5, 400, goes_out) > 0
    assert left_after(240_000, drained.value * 60 + 1, 400, goes_out) == 0


def test_consumers_without_anything_to_spare_never_drain_a_backlog():
    with pytest.raises(ValueError, match="32 consumers do no more than comes in"):
        sizing.drain(waiting=1, per_second=400, count=32, work_ms=80)


def test_a_limit_holds_whatever_was_wanted():
    wanted = sizing.consumers(per_second=400, work_ms=80, busy=0.7)
    limited = sizing.at_most(wanted, 40, 400, 80)
    assert limited.value == 40
    assert limited.fits(38)
    assert not limited.fits(41)  # the forty-first call is refused
    assert not limited.fits(32)


def test_a_burst_asks_for_more_than_the_average():
    wanted = sizing.consumers(per_second=400, work_ms=80, busy=0.7)
    more = sizing.for_burst(wanted, burst=10_000, work_ms=80, wait_s=10)
    assert more.value == 80
    assert worked_off(10_000, 80, 80) <= 10.001 < worked_off(10_000, 79, 80)
    assert not more.fits(79)


def test_a_small_burst_changes_nothing():
    wanted = sizing.consumers(per_second=400, work_ms=80, busy=0.7)
    assert sizing.for_burst(wanted, burst=100, work_ms=80, wait_s=10).value == wanted.value


def test_the_disk_holds_every_copy_of_every_day():
    working = sizing.disk(per_second=100, kilobytes=2, days=7, copies=3, full=0.7)
    assert working.value == pytest.approx(100 * 2e3 * 86_400 * 7 * 3 / 0.7 / 1e9)


@pytest.mark.parametrize(
    ("value", "said"), [(240_000, "240,000"), (22.857, "22.9"), (0.4321, "0.43"), (46.0, "46")]
)
def test_amounts_are_said_as_one_says_them(value, said):
    assert amount(value) == said


# --- the cases that seeds draw -----------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_draws_a_case_whose_demand_changes_the_answer(seed):
    case, demand = drawn(seed)
    wanted = sizing.consumers(case.peak, case.work_ms, case.busy)
    changed, _ = changed_by(case, demand, wanted)
    assert changed.value != wanted.value
    assert not wanted.fits(changed.value) or isinstance(demand, Limit)
    assert not changed.fits(wanted.value)
    # And it can be done: the peak gets through, and a backlog drains.
    waiting = sizing.backlog(case.peak, case.outage_minutes).value
    for count in (wanted, changed):
        assert sizing.drain(waiting, case.peak, count.value, case.work_ms).value > 0


def test_both_demands_are_drawn():
    assert {type(drawn(seed)[1]) for seed in SEEDS} == {Limit, Burst}


def test_the_same_seed_draws_the_same_case():
    assert drawn(7) == drawn(7) != drawn(8)


def test_a_working_takes_what_is_within_its_band():
    working = Working(10, "messages", 9, 11, (), "")
    assert [working.fits(answer) for answer in (8.9, 9, 11, 11.1)] == [False, True, True, False]
