"""What was done to the code in a run, in words."""

from graders import kafka_calls
from graders.stage import Run
from minibroker.sim.faults import PAUSE
from minibroker.sim.trace import (
    Answered,
    Crashed,
    Faulted,
    Interrupted,
    Polled,
    Requested,
    Trace,
)


def schedule(run: Run) -> str:
    """What was done to the code in this run, after a comma; empty when nothing was."""
    trace = run.trace
    said = [_said(trace, event) for event in trace.events if isinstance(event, Crashed | Faulted)]
    return " and ".join(f"after {each}" for each in said)


def _said(trace: Trace, event: Crashed | Faulted) -> str:
    name, effect = name_of(trace, event.number), f"(effect {event.number})"
    request = _request(trace, event.number)
    if isinstance(event, Crashed):
        return f"{event.who} crashed with {name} done and not yet answered {effect}"
    if event.kind in ("definite", "indefinite") and kafka_calls.sent_again(request):
        lost = "a request" if event.kind == "definite" else "the answer to a request"
        return f"{lost} of {event.who} got lost at {name}, and its client sent it again {effect}"
    match event.kind:
        case "definite" if request is not None and request.op.endswith("_batch"):
            return f"the first entry of {name} of {event.who} failed {effect}"
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
    request = _request(trace, number)
    if request is None:
        return f"effect {number}"
    if request.client == "kafka":
        if kafka_calls.takes(request) and _took_a_record(trace, request):
            return "taking a record"
        return kafka_calls.called(request)
    match request.op, request.args.get("writes"):
        case "receive", _:
            return "taking a delivery"
        case "receive_message", _:
            return "receiving"
        case "commit", [[str(op), *_]]:
            return f"{op}()"
        case "commit", _:
            return "the transaction's commit"
    return f"{request.op}()"


def _request(trace: Trace, number: int) -> Requested | None:
    return next((event for event in trace.of(Requested) if event.number == number), None)


def _took_a_record(trace: Trace, request: Requested) -> bool:
    """Whether a poll handed out a record before its process asked for, or got, anything else."""
    events = iter(trace.events)
    for event in events:
        if event is request:
            break
    for event in events:
        if getattr(event, "who", "") != request.who:
            continue
        if isinstance(event, Polled):
            return True
        if isinstance(event, Requested | Answered | Crashed | Interrupted):
            return False
    return False
