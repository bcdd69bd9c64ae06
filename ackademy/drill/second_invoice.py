"""Bug hunt: a transaction with the invoice in it, and the offset beside it."""

from ackademy.drill.hunt import Hunt, Prediction, broken_source
from graders.check import one_run
from graders.specs.second_invoice.spec import INVOICES, SPEC
from graders.stage import Run
from minibroker.sim.faults import Fault, crash
from minibroker.sim.trace import Appended, Exited, OffsetsCommitted, Requested, TransactionEnded

NAME = SPEC.name


def taken_along(run: Run) -> int:
    """How many commits of offsets were part of a transaction."""
    return sum(bool(event.transaction) for event in run.trace.of(OffsetsCommitted))


def most_invoices(run: Run) -> int:
    """How many committed invoices there are for the order that has most."""
    counted: dict[bytes, int] = {}
    written: list[Appended] = []
    for event in run.trace:
        if isinstance(event, Appended) and event.topic == INVOICES:
            written.append(event)
        elif isinstance(event, TransactionEnded):
            for each in written if event.how == "committed" else ():
                counted[each.key or b""] = counted.get(each.key or b"", 0) + 1
            written = []
    return max(counted.values(), default=0)


def after_the_first(run: Run) -> Run:
    """The same run with a crash right after the first transaction was committed."""
    ends = [event for event in run.trace.of(Requested) if event.op == "commit_transaction"]
    tried, _ = one_run(SPEC, broken_source(HUNT), (crash(ends[0].number),), run.seed)
    return tried


def _taken_along(run: Run) -> int:
    return {3: 0, 1: 1}.get(taken_along(run), 2)


def _most_invoices(run: Run) -> int:
    return {0: 0, 1: 1, 2: 2}.get(most_invoices(after_the_first(run)), 3)


def _stands_still(code: str, seed: int) -> str:
    """The same biller stands still in the middle of a transaction."""
    telling = code.replace(
        "        except KafkaException:\n",
        "        except KafkaException as error:\n            print(error.args[0].name())\n",
    )
    assert telling != code
    free, _ = one_run(SPEC, telling, (), seed)
    sent = [event for event in free.trace.of(Requested) if event.op == "flush"]
    run, _ = one_run(SPEC, telling, (Fault("pause", sent[0].number),), seed)
    ended = [event for event in run.trace.of(TransactionEnded) if event.how != "committed"]
    told = [part.text.strip() for part in run.printed if part.text.strip()]
    left = run.trace.of(Exited)[0]
    return (
        "And the abort in the `except`? The same biller stands still for 200 s when its first "
        "invoice has been sent. Its transaction may last 60 s (transaction.timeout.ms), so the "
        f"coordinator aborts it at {ended[0].at / 1e6:.0f} s and raises the producer's epoch. The "
        f"biller wakes up and commits: the error is {told[0]}, a fatal one. It calls "
        f"abort_transaction(), in line {left.line}, which raises as well, and so the process ends: "
        f"{' '.join(left.message.split())}\n"
        "Who is fenced has nothing to abort any more. Ask the error: txn_requires_abort() says "
        "that an abort helps, fatal() that this producer is of no use. [confluent-kafka, "
        "KafkaError; librdkafka, INTRODUCTION.md, Transactional Producer]"
    )


HUNT = Hunt(
    exercise=NAME,
    broken="commits_the_offset_apart",
    story=(
        "A shop's orders stand in a topic of Kafka. A biller reads them and writes an invoice for "
        "each to another topic. It was at-least-once until somebody read that Kafka has "
        "transactions, and now it is called exactly-once. Three orders come. Here is the biller:"
    ),
    predictions=(
        Prediction(
            "offsets in a transaction",
            "Without any fault: how often is an offset of `billers` committed in a transaction?",
            ("3 times, once for each order", "once, by the last one", "never"),
            _taken_along,
            "A consumer's commit is a request of its own, to the group coordinator. Only "
            "send_offsets_to_transaction() makes an offset part of a transaction. [Apache Kafka, "
            "KIP-98]",
        ),
        Prediction(
            "invoices after a crash",
            "The biller dies right after commit_transaction() of the first order and is started "
            "again. How many invoices are there for that order in the end?",
            ("none", "one", "two", "more"),
            _most_invoices,
            "The invoice is committed and the offset is not, so the order comes again. "
            "init_transactions() aborts what is open, and nothing is.",
        ),
    ),
    names={
        "duplicate_effect": (
            "what is owed once was done more than once. Here a read_committed reader sees two "
            "invoices for one order, each from a transaction of its own."
        ),
        "dirty_read": (
            "something was done for a record whose transaction was not committed. Here nobody "
            "reads the invoices, and both of them are committed."
        ),
        "lost_message": (
            "the group has passed an order, and what it asked for was not done. Here the offset "
            "is committed last, so no order is passed too early."
        ),
        "zombie_write": (
            "one that was given up goes on writing. Here the first biller is dead, and the second "
            "one has every right to write."
        ),
    },
    asides=(_stands_still,),
    task=(
        "Mend the biller. A read_committed reader sees one invoice for each order, whatever\n"
        "fails: a crash after any step, a call that fails, an answer that is lost, a pause of\n"
        "200 s. No order is left over."
    ),
    caveat=(
        "Here there is one biller. With several, one that stood still may find its partition with "
        "another: the group's metadata, asked for in each transaction, keeps it from committing."
    ),
    interview=(
        (
            "A transaction makes exactly once only of what is in it: the records and the "
            "consumer's offsets, by send_offsets_to_transaction; never an effect outside Kafka.",
            "shown above; Apache Kafka, Design, Using Transactions; KIP-98",
        ),
        (
            "An abort takes back records and offsets, not the consumer's position: seek back, or "
            "the next commit passes the order by.",
            "Apache Kafka, Design, Using Transactions",
        ),
        (
            "An error says what to do: retriable, call again; txn_requires_abort, abort and go "
            "back; fatal, such as being fenced, end the process and begin anew.",
            "shown above; librdkafka, INTRODUCTION.md, Transactional Producer",
        ),
    ),
)
