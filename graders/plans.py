"""Which faults are worth trying, read from a run without them.

A crash, a pause or a preemption is tried after every effect that changed something. After one that
only read, or found nothing, the world is as it was after the effect before, so a fault there is one
that has been tried. An error is tried at every effect that changed something and can fail; an
answer is lost only where the effect is done for good (what a delivery or a connection hands out is
lost with it, but in Redis, which takes nothing back). A message comes once more wherever one was
handed out. A preemption needs somebody else to go first; it is tried after a read, too, when the
reader changes something next: what it has read may be out of date by then.
"""

from collections.abc import Collection, Iterator, Sequence

from graders import kafka_calls, redis_calls
from minibroker.sim.faults import Fault
from minibroker.sim.trace import Answered, Requested, Started, Trace

HANDS_OUT = (
    frozenset({"receive", "basic_get", "receive_message"}) | kafka_calls.TAKES | redis_calls.TAKES
)
"""The operations that hand out messages."""

CANNOT_FAIL = frozenset({"connect", "channel_open", "sleep"})
"""Besides what `graders.kafka_calls.cannot_fail` knows."""


def worth_trying(
    trace: Trace, kinds: tuple[str, ...], after: int = 0, spared: Collection[str] = ()
) -> list[Fault]:
    """The single faults of `kinds`, kind by kind, at effects after number `after` of all processes
    but those that are spared."""
    requests = {event.number: event for event in trace.of(Requested)}
    answers = [
        event
        for event in trace.of(Answered)
        if event.number > after and _name(event.who) not in spared
    ]
    relied_on = _relied_on(answers) if "preempt" in kinds else frozenset[int]()
    alone = len({_name(event.who) for event in trace.of(Started)}.difference(spared)) < 2
    return [
        Fault(kind, event.number)
        for kind in kinds
        for event in answers
        if (event.did == "changed" or (kind == "preempt" and event.number in relied_on))
        and _shows(kind, event, requests[event.number], alone)
    ]


def _relied_on(answers: Sequence[Answered]) -> frozenset[int]:
    """The reads right before the same process changed something: with each of them all that it has
    read is as old as it can be."""
    found: set[int] = set()
    read: dict[str, int] = {}
    for event in answers:
        if event.did == "read":
            read[event.who] = event.number
            continue
        number = read.pop(event.who, 0)
        if number and event.did == "changed":
            found.add(number)
    return frozenset(found)


def _shows(kind: str, answer: Answered, request: Requested, alone: bool) -> bool:
    hands_out = request.op in HANDS_OUT
    fails = request.op not in CANNOT_FAIL and not kafka_calls.cannot_fail(request)
    match kind:
        case "definite":
            return not answer.error and fails
        case "indefinite":
            lost = hands_out and not redis_calls.lost_for_good(request)
            return not answer.error and fails and not lost
        case "duplicate":
            return hands_out and not kafka_calls.tells_of_a_rebalance(answer)
        case "preempt":
            return not alone
    return True


def _name(who: str) -> str:
    return who.partition("#")[0]


def plural(kind: str, many: int) -> str:
    """So many faults of a kind, in words.

    >>> plural("crash", 2), plural("duplicate", 1)
    ('2 crashes', '1 duplicate')
    """
    word = NOUNS[kind]
    return f"{many} {word if many == 1 else PLURALS.get(word, word + 's')}"


NOUNS = {
    "crash": "crash",
    "definite": "definite error",
    "indefinite": "indefinite error",
    "pause": "pause",
    "preempt": "preemption",
    "duplicate": "duplicate",
}
PLURALS = {"crash": "crashes"}


def kinds_in(faults: list[Fault]) -> Iterator[tuple[str, int]]:
    """Each kind with how many faults are of it, in the order they first come."""
    for kind in dict.fromkeys(fault.kind for fault in faults):
        yield kind, sum(fault.kind == kind for fault in faults)
