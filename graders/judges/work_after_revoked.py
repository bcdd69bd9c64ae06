"""Work after revoked: a process had been told to give up a partition, and went on with its records.

A rebalance takes partitions from a consumer. It is told so inside a poll: `on_revoke` is its last
moment to finish or to drop what it holds. From then on somebody else may read the same records. Of
what is *lost* somebody else may be reading already, so even `on_lost` is too late.

Example: worker-1 has order-1 in a list, gives up its partition, and charges order-1 afterwards::

    Polled(message=1, who="worker-1#1")  Revoked(who="worker-1#1", partitions=[["orders", 0]])
    Requested(who="worker-1#1", op="poll")  SideEffect(who="worker-1#1", subject="order-1")

A partition is given up when the process unassigns it or polls again, and at once when it is lost or
when no callback was to be called. A process that does not know yet (it stood still, and somebody
else has its partition) is not meant; see `zombie_write`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graders.judges import Finding
from graders.judges.effects import Effect, cause, effects
from graders.judges.records import Partition, partitions, place
from minibroker.sim.trace import Answered, Assigned, Requested, Revoked, Trace

ENDS = frozenset({"poll", "consume", "close", "finish", "unassign", "incremental_unassign"})
"""The requests after which a partition that was to be given up is given up."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A process was told, at `position` in the trace."""

    position: int
    event: Revoked


def find(trace: Trace) -> list[Finding]:
    """Every effect that was made of a record whose partition had been given up."""
    findings = []
    for effect, told in _late(trace) if trace.of(Revoked) else ():
        made_from = cause(trace, effect)
        assert made_from is not None
        where = place((made_from[1].topic, made_from[1].partition))
        when = f"{told.event.at / 1e6:.3f} s"
        knew = f"{where} was lost" if told.event.lost else f"it had to give up {where}"
        sentence = (
            f"{effect} was made by {effect.who} at {effect.event.at / 1e6:.3f} s, which had been "
            f"told at {when} that {knew}"
        )
        findings.append(Finding("work_after_revoked", sentence, (told.position, effect.position)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nobody had to give up anything."""
    if trace.of(Revoked):
        return ""
    return "no member of a group had to give up a partition, so none could do so too late"


def _late(trace: Trace) -> Iterator[tuple[Effect, _Told]]:
    made = {effect.position: effect for effect in effects(trace)}
    telling: dict[str, _Told] = {}
    """Processes that were just told, until it shows whether a callback is called."""
    called: dict[str, _Told] = {}
    """Processes that are in their callback."""
    given_up: dict[tuple[str, str, Partition], _Told] = {}

    def give_up(told: _Told) -> None:
        event = told.event
        for where in partitions(event.partitions):
            given_up[event.who, event.group, where] = told

    for position, event in enumerate(trace.events):
        match event:
            case Revoked(who=who):
                if who in telling:
                    give_up(telling.pop(who))
                if event.lost:
                    give_up(_Told(position, event))
                else:
                    telling[who] = _Told(position, event)
            case Assigned(who=who):
                if who in telling:  # both within one poll
                    give_up(telling.pop(who))
                for where in partitions(event.partitions):
                    given_up.pop((who, event.group, where), None)
            case Answered(who=who) if who in telling:
                told = telling.pop(who)
                if isinstance(event.value, dict) and "revoke" in event.value:
                    called[who] = told
                else:
                    give_up(told)
            case Requested(who=who, client="kafka") if who in called and event.op in ENDS:
                give_up(called.pop(who))
            case _ if (effect := made.get(position)) and (made_from := cause(trace, effect)):
                polled = made_from[1]
                where = polled.topic, polled.partition
                if late := given_up.get((effect.who, polled.group, where)):
                    yield effect, late
