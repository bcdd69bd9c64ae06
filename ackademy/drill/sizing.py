"""The arithmetic of sizing a queue and its consumers, each formula with its steps and its source.

Every function gives a `Working`: the value, the band in which an answer is as good, and the steps
in words, made from the same numbers. All of it is about averages over a time in which nothing
changes; what a burst or a slow minute does to a system that is sized so is another question.
"""

import math
from dataclasses import dataclass

LITTLE = "J. D. C. Little, A Proof for the Queuing Formula: L = λW, 1961"
QUEUING_THEORY = "RabbitMQ blog, Some queuing theory: throughput, latency and bandwidth"
X = "\N{MULTIPLICATION SIGN}"
FLOW = "what comes in minus what goes out"


@dataclass(frozen=True)
class Working:
    """A result with the way to it. An answer from `least` to `most` is as good as `value`."""

    value: float
    unit: str
    least: float
    most: float
    steps: tuple[str, ...]
    source: str

    def fits(self, answer: float) -> bool:
        """Whether an answer is near enough."""
        return self.least <= answer <= self.most

    def __str__(self) -> str:
        return f"{amount(self.value)} {self.unit}"


def amount(value: float) -> str:
    """A number as one would say it: 240,000 or 22.9."""
    if value >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value < 1 else f"{value:.1f}"


def in_work(per_second: float, work_ms: float) -> float:
    """How many messages are being worked on at a time, on average: L = λW (Little's law)."""
    return per_second * work_ms / 1000


def capacity(consumers: float, work_ms: float) -> float:
    """How many messages a second so many consumers get through, each one after the other."""
    return consumers * 1000 / work_ms


def consumers(per_second: float, work_ms: float, busy: float) -> Working:
    """Consumers that work one message at a time and are `busy` that share of the time (0 to 1)."""
    working = in_work(per_second, work_ms)
    needed = _whole(working / busy)
    return Working(
        needed,
        "consumers",
        max(math.floor(working) + 1, math.floor(needed * 0.9)),
        math.ceil(needed * 1.1),
        (
            f"in work at a time: {amount(per_second)} a second {X} {amount(work_ms)} ms = "
            f"{amount(working)}",
            f"busy {busy:.0%} of the time: {amount(working)} / {busy} = {amount(working / busy)}",
            f"whole consumers: {needed}",
        ),
        LITTLE,
    )


def prefetch(work_ms: float, trip_ms: float) -> Working:
    """The least prefetch that keeps a consumer busy while an ack and the next message travel.
    `trip_ms` is the way to the broker and back. Up to twice as much does no harm worth a name."""
    needed = _whole((trip_ms + work_ms) / work_ms)
    return Working(
        needed,
        "messages",
        needed,
        2 * needed + 1,
        (
            f"from one delivery to the next, with one message at a time: {amount(trip_ms)} ms on "
            f"the way + {amount(work_ms)} ms of work = {amount(trip_ms + work_ms)} ms",
            f"to fill that with work: {amount(trip_ms + work_ms)} / {amount(work_ms)} = "
            f"{amount((trip_ms + work_ms) / work_ms)}, so {needed}",
        ),
        QUEUING_THEORY,
    )


def backlog(per_second: float, minutes: float) -> Working:
    """Messages that wait after the consumers were away for so many minutes."""
    value = per_second * minutes * 60
    return _about(
        value,
        "messages",
        0.1,
        (f"{amount(per_second)} a second {X} {amount(minutes)} {X} 60 s = {amount(value)}",),
        FLOW,
    )


def drain(waiting: float, per_second: float, count: float, work_ms: float) -> Working:
    """Minutes until `count` consumers have worked off `waiting` messages while others come in.
    They must be able to do more than comes in."""
    through = capacity(count, work_ms)
    spare = through - per_second
    if spare <= 0:
        raise ValueError(f"{count} consumers do no more than comes in; the backlog never shrinks")
    minutes = waiting / spare / 60
    return _about(
        minutes,
        "minutes",
        0.15,
        (
            f"{amount(count)} consumers get through {amount(count)} / {amount(work_ms)} ms = "
            f"{amount(through)} a second",
            f"of which {amount(per_second)} are new, so {amount(spare)} a second are spare",
            f"{amount(waiting)} / {amount(spare)} = {amount(waiting / spare)} s = "
            f"{amount(minutes)} minutes",
        ),
        FLOW,
    )


def at_most(wanted: Working, limit: int, per_second: float, work_ms: float) -> Working:
    """The consumers when no more than `limit` of them can be at work at a time."""
    count = min(int(wanted.value), limit)
    working = in_work(per_second, work_ms)
    return Working(
        count,
        "consumers",
        max(math.floor(working) + 1, math.floor(count * 0.9)),
        count,
        (
            f"wanted were {int(wanted.value)}; at most {limit} can be at work: {count}",
            f"in work at a time on average: {amount(working)}, so each is busy "
            f"{working / count:.0%} of the time",
            f"they get through {amount(capacity(count, work_ms))} a second; "
            f"{amount(per_second)} come in",
        ),
        LITTLE,
    )


def for_burst(wanted: Working, burst: int, work_ms: float, wait_s: float) -> Working:
    """The consumers that work off `burst` messages, come at once, within `wait_s` seconds. The
    last of them waits for all before it."""
    needed = _whole(burst * work_ms / 1000 / wait_s)
    count = max(int(wanted.value), needed)
    return Working(
        count,
        "consumers",
        count,
        math.ceil(count * 1.15),
        (
            f"work in the burst: {amount(burst)} {X} {amount(work_ms)} ms = "
            f"{amount(burst * work_ms / 1000)} s",
            f"to be done in {amount(wait_s)} s: {amount(burst * work_ms / 1000)} / "
            f"{amount(wait_s)} = {amount(burst * work_ms / 1000 / wait_s)}, so {needed}",
            f"the average alone asks for {int(wanted.value)}; the greater of the two: {count}",
        ),
        FLOW,
    )


def disk(per_second: float, kilobytes: float, days: float, copies: int, full: float) -> Working:
    """Gigabytes (10⁹ bytes) for a log that keeps `days` on `copies` disks, filled to the share
    `full` at most. `per_second` is the average, not the peak."""
    daily = per_second * kilobytes * 86_400 / 1e6
    value = daily * days * copies / full
    return _about(
        value,
        "GB",
        0.15,
        (
            f"a day: {amount(per_second)} a second {X} {amount(kilobytes)} kB {X} 86,400 s = "
            f"{amount(daily)} GB",
            f"{X} {amount(days)} days {X} {copies} copies = {amount(daily * days * copies)} GB",
            f"disks {full:.0%} full at most: {amount(value)} GB",
        ),
        FLOW,
    )


def _whole(value: float) -> int:
    """Rounded up; what a division leaves in the last binary digit does not count."""
    return math.ceil(value - 1e-9)


def _about(
    value: float, unit: str, tolerance: float, steps: tuple[str, ...], source: str
) -> Working:
    return Working(value, unit, value * (1 - tolerance), value * (1 + tolerance), steps, source)
