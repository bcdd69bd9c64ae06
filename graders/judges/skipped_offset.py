"""Skipped offset: a group's committed offset went past a record that nobody had worked on.

A committed offset is one number: it says that all before it is done (Kafka documentation,
"Consumer Position"). Two ways to say so wrongly, told apart in the sentence:

- A record before it was never handed to any member of the group.
- A record before it was handed out and the work on it failed, and it never was done.

Example: the charge for order-1 fails, the worker writes that to its log and goes on, and when
order-2 is done it commits::

    Polled(message=1, offset=0)  Declined(subject="order-1")
    Polled(message=2, offset=1)  SideEffect(kind="charge", subject="order-2")
    OffsetsCommitted(offsets=[["orders", 0, 2]])

No offset is skipped where what failed goes on elsewhere, such as in a topic for later attempts. A
record whose offset was committed before the work, and which a crash then made vanish, did not
fail; see `lost_message`. Records of transactions that were aborted are there to be skipped.
"""

from collections.abc import Iterator

from graders.judges import Finding
from graders.judges.copies import all_gone
from graders.judges.debts import Debt, debts, subjects
from graders.judges.records import Commit, Partition, Record, log, place
from minibroker.sim.trace import Answered, Declined, Polled, Requested, Trace

ASKS = frozenset({"poll", "consume"})
"""The calls by which a process says that it goes on to what comes next."""


def find(trace: Trace) -> list[Finding]:
    """Every commit that skipped something, once for what was never handed out and once for each
    record that failed."""
    findings = []
    handed = _handed(trace)
    for commit, passed in _passed(trace):
        unseen = [each for each in passed if (commit.group, each.event.message) not in handed]
        if unseen:
            names = " and ".join(_names(trace, unseen))
            sentence = f"{_committed(commit)}, past {names}, which {commit.group} was never handed"
            findings.append(Finding("skipped_offset", sentence, (commit.position,)))
        for record in passed:
            positions = handed.get((commit.group, record.event.message), [])
            before = [position for position in positions if position < commit.position]
            if before and (failed := _failed(trace, record, before[-1], commit.position)):
                position, error = failed
                name = _names(trace, [record])[0]
                sentence = (
                    f"{_committed(commit)}, past {name} at offset {record.event.offset}, though "
                    f"the work on it had failed ({error})"
                )
                findings.append(Finding("skipped_offset", sentence, (position, commit.position)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was committed."""
    return "" if log(trace).commits else "no offset was ever committed, so none could be skipped"


def _passed(trace: Trace) -> Iterator[tuple[Commit, list[Record]]]:
    """Each commit with the records that it was the first to pass, in their order."""
    read = log(trace)
    stand: dict[Partition, list[Record]] = {}
    for record in read.records.values():
        if record.counts:
            stand.setdefault(record.place, []).append(record)
    seen: set[tuple[str, int]] = set()
    for commit in read.commits:
        passed = [
            each
            for each in stand.get(commit.place, ())
            if each.event.offset < commit.offset
            and each.position < commit.position
            and (commit.group, each.event.message) not in seen
        ]
        seen |= {(commit.group, each.event.message) for each in passed}
        yield commit, passed


def _handed(trace: Trace) -> dict[tuple[str, int], list[int]]:
    """Where in the trace each record was handed to each group."""
    found: dict[tuple[str, int], list[int]] = {}
    for position, event in enumerate(trace.events):
        if isinstance(event, Polled):
            found.setdefault((event.group, event.message), []).append(position)
    return found


def _failed(trace: Trace, record: Record, begin: int, end: int) -> tuple[int, str] | None:
    """Where the work on a record failed, which was handed out at `begin` and passed at `end`, and
    by which error; None if it did not, or was done all the same, or goes on elsewhere."""
    owed = _lost(trace, record)
    if not owed:
        return None
    polled = trace.events[begin]
    assert isinstance(polled, Polled)
    asked = False
    found = None
    for position in range(begin + 1, end):
        event = trace.events[position]
        if isinstance(event, Declined) and event.subject in owed:
            found = position, event.error
        elif isinstance(event, Requested) and event.who == polled.who and event.op in ASKS:
            asked = True
        elif isinstance(event, Answered) and event.who == polled.who and event.error:
            found = found if asked else (position, event.error)
    return found


def _lost(trace: Trace, record: Record) -> list[str]:
    """The subjects of what a record owes that was never done and will never be."""

    def lost(debt: Debt) -> bool:
        return record.event.message in debt.messages and not debt.done and all_gone(trace, debt)

    return [subject for (_, subject), debt in debts(trace).items() if lost(debt)]


def _committed(commit: Commit) -> str:
    committed = commit.committed
    how = " by itself (auto-commit)" if committed.by_itself else ""
    if committed.transaction:
        how = f" with transaction {committed.transaction}"
    return f"{committed.who} committed offset {commit.offset} of {place(commit.place)}{how}"


def _names(trace: Trace, records: list[Record]) -> list[str]:
    """What records are about; of many the first two and how many more there are."""
    known = subjects(trace)
    names = [
        known.get(each.event.message, f"the record at offset {each.event.offset}")
        for each in records
    ]
    return names if len(names) < 4 else [", ".join(names[:2]), f"{len(names) - 2} more"]
