"""What is left in a log when all is over: records that a group has not come past, and transactions
that nobody has ended. The part of `stuck` that is about logs.
"""

from collections.abc import Collection

from graders.judges import Finding
from graders.judges.copies import is_gone, last_of_each_copy, name
from graders.judges.debts import debts, subjects
from graders.judges.records import Partition, Record, Transaction, log, place
from minibroker.sim.trace import Polled, Trace


def left_behind(trace: Trace, rest: Collection[str], why: str) -> list[Finding]:
    """One finding for each partition in which a group has left something behind, and one for each
    open transaction. What is in a topic of `rest` may stay there; `why` completes a sentence about
    what nobody took."""
    read = log(trace)
    if not read.records and not read.transactions:
        return []
    behind: dict[tuple[str, Partition], list[Record]] = {}
    for (queue, message), (_, event) in last_of_each_copy(trace).items():
        record = read.records.get(message)
        if record is None or is_gone((queue, message), event) or record.event.topic in rest:
            continue
        if record.transaction is not None and record.transaction.end is None:
            continue  # its transaction is what is left
        if queue == record.event.topic and not _unpaid(trace, message):
            continue  # nobody reads it, and nobody has to
        behind.setdefault((queue, record.place), []).append(record)
    findings = [
        _behind(trace, queue, sorted(records, key=lambda each: each.event.offset), why)
        for (queue, _), records in behind.items()
    ]
    return findings + [_open(each) for each in read.transactions if each.end is None]


def _behind(trace: Trace, queue: str, records: list[Record], why: str) -> Finding:
    first = records[0].event
    readers = log(trace).groups.get(first.topic, [])
    group = next((each for each in readers if name(first.topic, each) == queue), "")
    about = subjects(trace).get(first.message, f"the record at offset {first.offset}")
    more = f", like {_more(len(records) - 1)} after it" if len(records) > 1 else ""
    where = place(records[0].place)
    if not group:
        sentence = f"{about} waits in {where}{more}, and nobody reads that topic{why}"
        return Finding("stuck", sentence, (records[0].position,))
    handed = [
        (position, event)
        for position, event in enumerate(trace.events)
        if isinstance(event, Polled) and (event.group, event.message) == (group, first.message)
    ]
    if not handed:
        sentence = f"{about} waits in {where}{more}, and {group} never took it{why}"
        return Finding("stuck", sentence, (records[0].position,))
    position, polled = handed[-1]
    stand = [
        each.offset
        for each in log(trace).commits
        if (each.group, each.place) == (group, records[0].place)
    ]
    so_far = f"offset {stand[-1]}" if stand else "no offset"
    sentence = (
        f"{about} was handed to {polled.who} and not committed{more}: it stands at offset "
        f"{first.offset} of {where}, where {group} has committed {so_far}, so it would come again"
    )
    return Finding("stuck", sentence, (position,))


def _open(transaction: Transaction) -> Finding:
    places = " and ".join(place(each) for each in transaction.places)
    hides = f", so no read_committed reader gets past it in {places}" if places else ""
    sentence = (
        f"transaction {transaction.name} of {transaction.who} was still open at the end, neither "
        f"committed nor aborted{hides}"
    )
    return Finding("stuck", sentence, (transaction.began,))


def _more(many: int) -> str:
    return "one more" if many == 1 else f"{many} more"


def _unpaid(trace: Trace, message: int) -> bool:
    return any(message in debt.messages and not debt.done for debt in debts(trace).values())
