"""Deadline exceeded: whoever asked was told nothing in the time that was promised.

The one who answers may be away, or slow, or gone; the one who waits does not know which. A wait
without a bound makes that the caller's outage, too. So a caller waits for as long as was agreed and
then says what it knows, which may be "not yet" (gRPC, "Deadlines").

Example: an answer is promised within 8 s, the server comes 11 s after the order, and the client
says nothing until then::

    AnswerPolicy(table="answers", interim={"status": "pending"}, patience=8_000_000, ...)
    Published(message=1, at=1_000_000)  Owed(message=1, kind="row in answers", subject="order-1")
    Committed(writes=[["put", "answers", "order-1", {"status": "paid"}]], at=12_010_000)

"Not yet" will not do for what came when the one who answers was there. Judged in runs without
faults: a crash costs everybody time.
"""

from graders.judges import Finding
from graders.judges.answers import Asked, asked, policy
from graders.judges.attempts import faults
from graders.judges.copies import arrived, handed_out
from minibroker.sim.trace import AnswerPolicy, Trace


def find(trace: Trace) -> list[Finding]:
    """Every subject whose first answer, or first answer that counts, did not come in time."""
    promised = policy(trace)
    if promised is None or faults(trace):
        return []
    came = {event.message: event.at for event in arrived(trace)}
    findings = []
    for asks in asked(trace):
        times = [came[message] for message in asks.debt.messages if message in came]
        if times and (late := _late(asks, min(times), promised)):
            findings.append(Finding("deadline_exceeded", *late))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever taken."""
    if handed_out(trace):
        return ""
    return "no message was ever taken, so nobody was seen to wait"


def _late(asks: Asked, since: int, promised: AnswerPolicy) -> tuple[str, tuple[int, ...]] | None:
    """What was late about the answer, and where; None when nothing was."""
    counts = [told for told in asks.told if since < promised.served or not told.interim]
    within = f"where {promised.patience / 1e6:g} s are promised"
    if counts and counts[0].at - since <= promised.patience:
        return None
    if counts:
        took = (counts[0].at - since) / 1e6
        return f"{asks.subject} had its answer after {took:g} s, {within}", (counts[0].position,)
    if asks.told:
        said = asks.told[0]
        return (
            f"{asks.subject} was told {said} and no more, although somebody was there to answer",
            (said.position,),
        )
    return f"{asks.subject} was never answered, {within}", ()
