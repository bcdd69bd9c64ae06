"""Sizing drill: an order service, from numbers that a seed draws, against the clock.

Half-way a demand arrives that changes what was answered before: a limit of the payment provider,
or a burst with a bound on the wait. Everything said about the numbers is computed by
`ackademy.drill.sizing`.
"""

import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

from ackademy.drill import sizing
from ackademy.drill.sizing import Working, amount
from ackademy.drill.steps import Number, Reply, Script, Show, Step, ask

MINUTES = 10.0
RULE_OF_THUMB = 250
"""A prefetch from the range that RabbitMQ's guide names for throughput, 100 to 300."""


@dataclass(frozen=True)
class Case:
    """What is to be sized: rates in messages a second, times as named, shares from 0 to 1."""

    peak: int
    average: int
    work_ms: int
    trip_ms: int
    busy: float
    outage_minutes: int
    kilobytes: int
    days: int
    copies: int
    full: float


@dataclass(frozen=True)
class Limit:
    """The payment provider takes at most so many calls at once."""

    calls: int


@dataclass(frozen=True)
class Burst:
    """So many orders come at once, and none may wait longer than this."""

    orders: int
    wait_s: int


Demand: TypeAlias = Limit | Burst


@dataclass(frozen=True)
class Row:
    """A line of the scorecard."""

    what: str
    said: float
    working: Working


def drawn(seed: int) -> tuple[Case, Demand]:
    """The case and the demand of a seed."""
    chance = random.Random(f"order_sizing/{seed}")
    peak = chance.randrange(200, 801, 100)
    case = Case(
        peak=peak,
        average=peak // chance.choice((4, 5, 10)),
        work_ms=chance.randrange(40, 161, 20),
        trip_ms=chance.randrange(10, 91, 10),
        busy=chance.choice((0.6, 0.7, 0.75)),
        outage_minutes=chance.choice((5, 10, 15, 20)),
        kilobytes=chance.choice((1, 2, 4, 5)),
        days=chance.choice((7, 14, 30)),
        copies=3,
        full=chance.choice((0.6, 0.7, 0.8)),
    )
    wanted = int(sizing.consumers(case.peak, case.work_ms, case.busy).value)
    working = sizing.in_work(case.peak, case.work_ms)
    if seed % 2 == 0:
        # Between what the average needs and what was wanted: it holds, with little to spare.
        spare = (wanted - working) * chance.uniform(0.25, 0.6)
        return case, Limit(int(working + max(1, spare)))
    wait_s = chance.choice((5, 10, 20))
    orders = wanted * chance.uniform(1.3, 2.0) * wait_s * 1000 / case.work_ms
    return case, Burst(round(orders / 100) * 100, wait_s)


def order_sizing(seed: int) -> Script:
    """The drill's script."""
    case, demand = drawn(seed)
    rows: list[Row] = []
    yield Show(_described(case), again=True)

    wanted = sizing.consumers(case.peak, case.work_ms, case.busy)
    yield from _question(
        rows,
        "consumers at the peak",
        f"How many consumers do you run for the peak, so that each is busy {case.busy:.0%} of the "
        "time at most?",
        wanted,
        f"With {amount(sizing.in_work(case.peak, case.work_ms))} consumers all would be busy all "
        "the time and a backlog would never shrink. Little's law knows averages only: nothing in "
        "it says how long the queue gets in a bad minute.",
    )
    yield from _question(
        rows,
        "prefetch of each",
        "Which prefetch does each consumer need, so that it is never idle while work waits?",
        sizing.prefetch(case.work_ms, case.trip_ms),
        "The rule of thumb, 100 to 300 for throughput [RabbitMQ, Consumer Acknowledgements and "
        "Publisher Confirms, section Prefetch and Throughput], is for short work. Here the last of "
        f"{RULE_OF_THUMB} would wait {amount(RULE_OF_THUMB * case.work_ms / 1000)} s in one "
        "consumer's memory while another may be idle, and a crash would redeliver them all.",
    )
    waiting = sizing.backlog(case.peak, case.outage_minutes)
    yield from _question(
        rows,
        "backlog after the outage",
        f"All consumers are down for {case.outage_minutes} minutes of the peak. How many orders "
        "wait then?",
        waiting,
        f"That is {amount(waiting.value * case.kilobytes / 1e3)} MB of bodies in the broker. And "
        f"the oldest has waited {case.outage_minutes} minutes already: no number of consumers "
        "gives that back.",
    )
    yield from _drain(rows, case, wanted, "time to drain it")

    yield Show(_said(demand, int(wanted.value)), again=True)
    changed, reason = changed_by(case, demand, wanted)
    yield from _question(
        rows, "consumers, revised", "How many consumers do you run now?", changed, reason
    )
    yield from _drain(rows, case, changed, "time to drain it, revised")

    by_peak = sizing.disk(case.peak, case.kilobytes, case.days, case.copies, case.full)
    last = yield from _question(
        rows,
        "disk for the log",
        f"Every order is also kept as an event in a log, for {case.days} days on {case.copies} "
        f"copies; disks may be {case.full:.0%} full. How much disk is that in all?",
        sizing.disk(case.average, case.kilobytes, case.days, case.copies, case.full),
        f"Disk is filled by the average; the peak's rate would buy {by_peak}. And the days are the "
        "least that is kept: Kafka deletes whole segments, never one record [Kafka, Topic "
        "Configs, segment.bytes].",
    )
    yield Show(_scorecard(rows, last.seconds))


def _question(
    rows: list[Row], what: str, question: str, working: Working, remark: str
) -> Generator[Step, Reply | None, Reply]:
    """Ask, judge, and show the way to the result."""
    reply = yield from ask(Number(question, working.unit, MINUTES))
    rows.append(Row(what, reply.number, working))
    steps = "\n".join(f"  {step}" for step in working.steps)
    yield Show(f"{_marked(rows[-1])}\n{steps}\n  [{working.source}]\n{remark}")
    return reply


def _drain(
    rows: list[Row], case: Case, count: Working, what: str
) -> Generator[Step, Reply | None, None]:
    waiting = sizing.backlog(case.peak, case.outage_minutes).value
    hasty = waiting / sizing.capacity(count.value, case.work_ms) / 60
    yield from _question(
        rows,
        what,
        f"The consumers are back, {amount(count.value)} of them, and the peak goes on. How long "
        f"until nothing waits of those {amount(waiting)} orders and of what came since?",
        sizing.drain(waiting, case.peak, count.value, case.work_ms),
        f"Backlog through capacity alone would be {amount(hasty)} minutes: it forgets that orders "
        "keep coming. Only what is spare drains.",
    )


def changed_by(case: Case, demand: Demand, wanted: Working) -> tuple[Working, str]:
    """The consumers after the demand, and what to say about them."""
    match demand:
        case Limit(calls=calls):
            return sizing.at_most(wanted, calls, case.peak, case.work_ms), (
                "The peak still gets through. What the limit takes away is the spare, and the "
                "spare is what drains a backlog: see the next question. More consumers than calls "
                "would only wait for each other."
            )
        case Burst(orders=orders, wait_s=wait_s):
            return sizing.for_burst(wanted, orders, case.work_ms, wait_s), (
                "An average hides a burst. This counts on an empty queue and on a prefetch small "
                f"enough that all share the burst; with {RULE_OF_THUMB} in one consumer's buffer "
                f"its last order waits {amount(RULE_OF_THUMB * case.work_ms / 1000)} s."
            )


def _described(case: Case) -> str:
    return "\n".join(
        [
            f"You have {amount(MINUTES)} minutes. Rough numbers do; over time is noted, no more.",
            "",
            "An order service on RabbitMQ:",
            f"  orders at the peak      {case.peak} a second",
            f"  orders on average       {case.average} a second",
            f"  size of an order        {case.kilobytes} kB",
            f"  work on an order        {case.work_ms} ms, all of it one call to the payment "
            "provider",
            f"  to the broker and back  {case.trip_ms} ms",
            "  a consumer              works on one order at a time",
        ]
    )


def _said(demand: Demand, planned: int) -> str:
    match demand:
        case Limit(calls=calls):
            news = f"the payment provider now allows at most {calls} calls at once"
        case Burst(orders=orders, wait_s=wait_s):
            news = (
                f"a partner now sends {amount(orders)} orders at once, at a quiet time, and an "
                f"order may wait at most {wait_s} s until its charge is made"
            )
    return f"News: {news}. You had planned {planned} consumers. Revise."


def _scorecard(rows: list[Row], seconds: float) -> str:
    lines = ["To talk through:", *map(_marked, rows)]
    over = seconds - MINUTES * 60
    used = f"{amount(max(seconds / 60, 0.1))} of {amount(MINUTES)} minutes"
    lines.append(f"Time: {used}{', over time' if over > 0 else ''}.")
    lines += [
        "",
        "Say with your numbers what they leave out: they are averages of a steady state. Say how "
        "you would find the real ones: measure the work's spread, load the service to its peak, "
        "take the consumers away and time the drain.",
    ]
    return "\n".join(lines)


def _marked(row: Row) -> str:
    if row.working.fits(row.said):
        return f"✓ {row.what}: {amount(row.said)}; computed {row.working}"
    return f"✗ {row.what}: you said {amount(row.said)}; computed {row.working}"
