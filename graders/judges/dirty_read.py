"""Dirty read: something was done for a record that was not certain to exist, or that does not.

It was appended in a transaction that was aborted, or not yet decided when it was read: a consumer
with ``isolation.level=read_uncommitted`` is handed such records (KIP-98).

Example: the mailer reads an invoice as soon as it stands in the log. The biller crashes, its
transaction is aborted, and the customer has a bill for nothing::

    Appended(message=2, topic="invoices", transaction="biller")  Polled(message=2, who="mailer#1")
    SideEffect(who="mailer#1", kind="email", subject="order-1")
    TransactionEnded(transaction="biller", how="aborted")

One that was committed in the end was read too early all the same: nobody knew. To be handed such a
record and to do nothing for it is no anomaly, nor is an effect that an idempotency key turned away.
"""

from graders.judges import Finding
from graders.judges.effects import cause, effects
from graders.judges.records import Record, log, place
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """Every effect that was made from such a record."""
    findings = []
    records = log(trace).records
    for effect in effects(trace) if records else ():
        if (made_from := cause(trace, effect)) is None:
            continue
        position, polled = made_from
        record = records.get(polled.message)
        if record is None or not (state := _not_certain(record, position)):
            continue
        sentence = (
            f"{effect} was made by {effect.who} from a record that {state}: "
            f"it had read offset {polled.offset} of {place(record.place)} uncommitted"
        )
        findings.append(Finding("dirty_read", sentence, (position, effect.position)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when no record of a transaction led to anything."""
    records = log(trace).records
    made_from = (cause(trace, effect) for effect in effects(trace))
    if any(each and records[each[1].message].transaction for each in made_from):
        return ""
    return "nothing was ever made from a record of a transaction, so none could be read too early"


def _not_certain(record: Record, position: int) -> str:
    """Why nobody could rely on a record at that position in the trace; empty when one could."""
    within = record.transaction
    if within is None or (within.committed and within.ended < position):
        return ""
    what = f"transaction {within.name}"
    if within.end is None:
        return f"{what} had written and never decided on"
    if within.ended < position:
        return f"{what} had taken back: it was aborted"
    how = "committed" if within.committed else "aborted"
    return f"{what} had not decided on yet, which was {how} at {within.end.at / 1e6:.3f} s"
