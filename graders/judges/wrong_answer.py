"""Wrong answer: whoever asked was told what is not so.

Its shapes, told apart in the sentence:

- The answer is another one's, or made up: a reply was taken for the reply to another request.
- It came too early: it says that something was done which was not done yet.
- It was taken back: after the answer somebody wrote that there is none yet, and that is where it
  was left.

Example: the client waits for the reply to order-2, and takes the one to order-1, which is late::

    Owed(kind="row in answers", subject="order-2", detail={"status": "paid", "cents": 1700})
    Committed(writes=[["put", "answers", "order-2", {"status": "paid", "cents": 4200}]])

No answer at all is no wrong one; see `lost_message` and `deadline_exceeded`.
"""

from graders.judges import Finding
from graders.judges.answers import Asked, Told, asked
from graders.judges.debts import ROW, debts, text
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first wrong answer to each subject."""
    done: dict[str, tuple[str, int]] = {}
    for (kind, subject), debt in debts(trace).items():
        if not kind.startswith(ROW):
            first = debt.done[0][0] if debt.done else len(trace)
            done[subject] = kind, first
    findings = []
    for asks in asked(trace):
        wrong = _wrong(asks, *done.get(asks.subject, ("", 0)))
        if wrong is not None:
            told, why = wrong
            sentence = f"{asks.subject} was told {told}, {why}"
            findings.append(Finding("wrong_answer", sentence, (told.position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nobody was told anything."""
    if any(asks.told for asks in asked(trace)):
        return ""
    return "nobody was told anything, so nothing could be wrong"


def _wrong(asks: Asked, kind: str, first: int) -> tuple[Told, str] | None:
    """The first wrong answer and what is wrong about it. `kind` is the side effect that it tells
    of (empty: none), first made at position `first`."""
    for told in asks.told:
        if not (told.right or told.interim):
            return told, f"where {text(asks.debt.detail)} is so"
        if told.right and kind and told.position < first:
            return told, f"before any {kind} for it was made"
    last = asks.told[-1] if asks.told else None
    if last is not None and last.interim and any(told.right for told in asks.told):
        return last, "after it had its answer, and that was the last word"
    return None
