"""What was done to the code in a run, in words."""

from graders.stage import Run
from minibroker.sim.faults import PAUSE
from minibroker.sim.trace import Crashed, Faulted, Requested, Trace


def schedule(run: Run) -> str:
    """What was done to the code in this run, after a comma; empty when nothing was."""
    trace = run.trace
    said = [_said(trace, event) for event in trace.events if isinstance(event, Crashed | Faulted)]
    return " and ".join(f"after {each}" for each in said)


def _said(trace: Trace, event: Crashed | Faulted) -> str:
    name, effect = name_of(trace, event.number), f"(effect {event.number})"
    if isinstance(event, Crashed):
        return f"{event.who} crashed with {name} done and not yet answered {effect}"
    match event.kind:
        case "definite":
            return f"{name} of {event.who} failed with nothing done {effect}"
        case "indefinite":
            return f"{name} of {event.who} was done and its caller got an error {effect}"
        case "pause":
            return f"{event.who} stood still for {PAUSE // 1_000_000} s after {name} {effect}"
        case "preempt":
            return f"the others went on before {event.who} after {name} {effect}"
    return f"the message that {event.who} got by {name} came once more {effect}"


def name_of(trace: Trace, number: int) -> str:
    """An effect by the name that the learner knows it by, such as ``charge``."""
    for event in trace.of(Requested):
        if event.number != number:
            continue
        match event.op, event.args.get("writes"):
            case "receive", _:
                return "taking a delivery"
            case "commit", [[str(op), *_]]:
                return f"{op}()"
            case "commit", _:
                return "the transaction's commit"
        return f"{event.op}()"
    return f"effect {number}"
