"""Repeated command: a command that was given once was carried out more than once, or an event says
what no command asked for.

Example: the handler appends `item_added` for `add-1`, crashes before the ack, gets the command a
second time and appends it again, as the next version::

    Committed(writes=[[..., "order-1/2", {"type": "item_added", "command": "add-1"}]])
    Crashed()  Requeued(message=2)  Delivered(message=2, redelivered=True)
    Committed(writes=[[..., "order-1/3", {"type": "item_added", "command": "add-1"}]])

The unique key of a version does not help here: the second event has the next one.
"""

from graders.judges import Finding
from graders.judges.lost_command import carries_out
from graders.judges.streams import Stored, nothing_appended, store
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """Each event that is one too many, the first for each command."""
    found = store(trace)
    findings = []
    first: dict[tuple[str, str], Stored] = {}
    accused: set[str] = set()
    for order, stream in found.streams.items():
        for event in stream:
            command = found.commands.get(event.command)
            positions: tuple[int, ...] = ()
            if event.command in accused:
                continue
            what = f"{event.type}, event {event.version} of {order},"
            if command is None:
                sentence = f"{what} is for {event.command}, which nobody sent"
            elif command.order != order or not carries_out(event, command):
                if command.order == order and event.type == _asked(command.do):
                    continue  # with another amount: the command is lost, see there
                sentence = f"{what} is not what {command.id} asked for"
            elif (before := first.setdefault((command.id, event.type), event)) is not event:
                sentence = (
                    f"{command.id} was carried out twice: {event.type} is event {before.version} "
                    f"of {order} by {before.who} and event {event.version} by {event.who}"
                )
                positions = (before.position,)
            else:
                continue
            accused.add(event.command)
            findings.append(Finding("repeated_command", sentence, (*positions, event.position)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever appended."""
    return nothing_appended(trace)


def _asked(do: str) -> str:
    return {"place": "placed", "add": "item_added"}.get(do, "")
