"""What was done to the code in a run, in words: a timeline's title, and its rows for faults.

A crash's own words are in `graders.timeline_calls`; here are the faults that leave the process
alive (see `minibroker.sim.faults`), and what a run with any of them is called.
"""

from graders import kafka_calls, redis_calls
from graders import timeline_sqs as sqs
from graders.timeline_words import plain
from minibroker.sim.trace import Crashed, Faulted, Requested, Trace

KINDS = {
    "definite": "fault: {call} fails and has done nothing",
    "indefinite": "fault: {call} has happened, and its caller gets an error",
    "pause": "fault: a long pause before the answer to {call}",
    "preempt": "fault: others go first, before the answer to {call}",
    "duplicate": "fault: what {call} delivered comes once more",
}

TITLES = {
    "crash": "{who} crashes at effect {number}",
    "definite": "effect {number} of {who} fails",
    "indefinite": "effect {number} of {who} happens and fails",
    "pause": "{who} is paused at effect {number}",
    "preempt": "others go before {who} at effect {number}",
    "duplicate": "what {who} gets at effect {number} comes twice",
}

SENT_AGAIN = {
    "definite": "fault: a request gets lost, and its client will send it again",
    "indefinite": "fault: the answer to a request gets lost, and its client sends it again",
}
"""What a fault at a call is that sends a producer's records: its caller sees no error."""

CALLS = {"receive": "the delivery", "basic_get": "basic_get()", "commit": "the commit"}


def fault(event: Faulted, request: Requested | None) -> str:
    """The row of a fault, by the call that it was done to."""
    if event.kind in SENT_AGAIN and kafka_calls.sent_again(request):
        return SENT_AGAIN[event.kind]
    call = "a call"
    if request is not None and request.client == "kafka":
        if event.kind == "duplicate":
            return "fault: what was handed out is appended once more"
        call = plain(kafka_calls.called(request), 60)
    elif request is not None and request.client == "redis":
        if event.kind == "duplicate":
            return "fault: what was handed out comes once more"
        call = plain(redis_calls.called(request), 60)
    elif request is not None:
        call = CALLS.get(request.op, f"{plain(request.op, 60)}()")
    if event.kind == "duplicate" and request is not None and request.op == "receive":
        return "fault: what was delivered comes once more"
    if event.kind == "definite" and call.endswith("_batch()"):
        return sqs.FAILED_IN_PART.format(call=call)
    pattern = KINDS.get(event.kind)
    return pattern.format(call=call) if pattern else f"fault: {plain(event.kind, 60)} at {call}"


def title(trace: Trace) -> str:
    """What was done to the code in this run, in the order it began to show."""
    done = [_titled(trace, event) for event in trace if isinstance(event, Crashed | Faulted)]
    return " and ".join(done) or "A run without faults"


def _titled(trace: Trace, event: Crashed | Faulted) -> str:
    kind = event.kind if isinstance(event, Faulted) else "crash"
    if kind in SENT_AGAIN:
        request = next((each for each in trace.of(Requested) if each.number == event.number), None)
        if kafka_calls.sent_again(request):
            lost = "a request" if kind == "definite" else "the answer to a request"
            return f"{lost} of {event.who} gets lost at effect {event.number}"
    if (pattern := TITLES.get(kind)) is None:
        return f"{plain(kind, 60)} at effect {event.number} of {event.who}"
    return pattern.format(who=event.who, number=event.number)
