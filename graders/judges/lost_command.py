"""Lost command: a command is gone from its queue, its order would have carried it out, and no event
in the store says that it did.

Example: the handler acks `pay-1` before it appends, and crashes between the two::

    Published(message=2, body={"id": "pay-1", "order": "order-1", "do": "pay"})
    Settled(message=2, how="acked")  Crashed()

A command may be refused, when the order was in no state for it at some moment between the command's
arrival and its ack. An event that another writer has overwritten is lost, too. A command that is
still in its queue is not lost; see `stuck`.
"""

from graders.judges import Finding
from graders.judges.streams import Command, Store, Stored, store
from graders.orders import YIELDS, Order, accepts, replay
from minibroker.sim.trace import Delivered, Trace


def find(trace: Trace) -> list[Finding]:
    """Every command that was settled, should have been carried out, and has no event."""
    found = store(trace)
    findings = []
    for command in found.commands.values():
        if command.settled is None or _refusable(found, command):
            continue
        of_it = [e for e in found.streams.get(command.order, ()) if e.command == command.id]
        if any(carries_out(event, command) for event in of_it):
            continue
        sentence = f"{command.id} was lost: {command.by} settled it, and "
        if of_it:
            wrong = of_it[0]
            amount = wrong.row.get("cents")
            sentence += f"what {command.order} has for it is {wrong.type}" + (
                f" with {amount!r} cents, where {command.cents!r} were asked for"
                if amount != command.cents
                else ""
            )
        else:
            sentence += f"{command.order} has no event for it, nor was it ever in a state to refuse"
        positions = (command.came, command.settled)
        findings.append(Finding("lost_command", sentence, positions))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when no command was ever taken."""
    return "" if trace.of(Delivered) else "no command was ever taken, so none could be lost"


def carries_out(event: Stored, command: Command) -> bool:
    """Whether an event is what a command asks for."""
    if event.type not in YIELDS.get(command.do, ()):
        return False
    return command.do not in ("place", "add") or event.row.get("cents") == command.cents


def _refusable(found: Store, command: Command) -> bool:
    """Whether the order was ever in a state to refuse it, while it was there."""
    assert command.settled is not None
    states: list[Order | None] = [Order()]
    for append in found.appends:
        if append.at > command.until:
            break
        if command.order in append.streams:
            stream = append.streams[command.order]
            if any(event.command == command.id for event in stream):
                break  # what it did itself is no reason to refuse it
            state = replay(event.row for event in stream)
            if append.position < command.came:
                states = [state]
            else:
                states.append(state)
    return any(state is None or not accepts(state, command.do) for state in states)
