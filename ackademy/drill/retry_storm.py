"""Bug hunt: a retry with a delay that nobody keeps, and a dead letter that nobody waits for."""

from itertools import pairwise

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.spec import load
from graders.stage import Run
from minibroker.sim.faults import crash
from minibroker.sim.trace import Appended, Declined, Requested, SideEffect, Trouble

NAME = "retry_storm"


def away(run: Run) -> str:
    """The order whose bank is away for a while."""
    [trouble] = run.trace.of(Trouble)
    return trouble.subject


def gaps(run: Run) -> list[float]:
    """The seconds between the failed attempts for it."""
    tries = [event.at for event in run.trace.of(Declined) if event.subject == away(run)]
    return [(after - before) / 1e6 for before, after in pairwise(tries)]


def charged(run: Run) -> int:
    """How often it was charged."""
    return sum(event.subject == away(run) for event in run.trace.of(SideEffect))


def copies(run: Run, order: str, topic: str = "") -> int:
    """How many records of an order the worker appended, to one topic or to all."""
    return sum(
        event.key == order.encode() and event.topic == (topic or event.topic)
        for event in run.trace.of(Appended)
        if event.who != "scenario"
    )


def _gap(run: Run) -> int:
    found = gaps(run)
    if not found:
        return 2
    return 0 if found[0] >= 10 else 1


def _what_becomes(run: Run) -> int:
    return {0: 1, 1: 0}.get(charged(run), 3)


def _never_awaited(code: str, seed: int) -> str:
    """The same worker, that dies right after the commit behind its first dead letter."""
    spec = load(NAME)
    free, _ = one_run(spec, code, (), seed)
    asked = free.trace.of(Requested)
    put_away = next(
        event for event in asked if event.op == "produce" and event.args["topic"] == "orders.dead"
    )
    commit = next(e for e in asked if e.op == "commit" and e.number > put_away.number)
    key = put_away.args["key"]
    assert isinstance(key, bytes)
    order = key.decode()
    tried, _ = one_run(spec, code, (crash(commit.number),), seed)
    return (
        f"And the dead letter? It is produced and not flushed. Let the worker die right after the "
        f"commit that follows: orders.dead then holds {copies(tried, order, 'orders.dead')} "
        f"records of {order}, where it holds {copies(free, order, 'orders.dead')} without the "
        "crash. produce() only put it into the producer's queue, and that died with the process, "
        "while the committed offset is already past the order. [confluent-kafka-python, "
        "Producer.produce and Producer.flush]"
    )


def _two_steps(code: str, seed: int) -> str:
    """The same worker, that dies between the copy and the commit."""
    spec = load(NAME)
    free, _ = one_run(spec, code, (), seed)
    flush = next(event.number for event in free.trace.of(Requested) if event.op == "flush")
    tried, _ = one_run(spec, code, (crash(flush),), seed)
    order = away(free)
    asked, made = asked_after_the_crash(tried, order), charged(tried)
    return (
        f"Copy and commit are two steps. Let the worker die between the first two: {order} is then "
        "in the topic twice, where it stood, which is not committed, and as its copy. Started "
        f"again, the worker asks for its charge {asked} times; it is made "
        f"{'once' if made == 1 else f'{made} times'}, for the key is the same. In the other order, "
        "commit first, the crash would lose it. In a transaction the two are one step. [KIP-98; "
        "KIP-447]"
    )


def asked_after_the_crash(run: Run, order: str) -> int:
    """How often the second incarnation of the worker asked for the charge of an order."""
    return sum(
        event.who == "worker#2" and event.op == "charge" and event.args["order"] == order
        for event in run.trace.of(Requested)
    )


HUNT = Hunt(
    exercise=NAME,
    broken="republishes_at_once",
    story=(
        "A shop's orders come to the topic `orders` of Kafka, which has one partition. A worker "
        "charges them. What fails is to be tried again 10 s later, three times at most, and then "
        "to go to the topic `orders.dead`. Four orders come. The bank of the first is away, and "
        "back 15 s after the order came; one of the others is no JSON. Here is the worker:"
    ),
    predictions=(
        Prediction(
            "the second attempt",
            "The first attempt for the first order failed. When does the second one come?",
            (
                "10 s later, as the header says",
                "some milliseconds later",
                "never",
                "when the bank is back",
            ),
            _gap,
            "A record can be read as soon as it is appended. Kafka delays nothing, and nobody here "
            "reads the header `retry-at`. All attempts are made before the bank can be back, and "
            "a thousand such workers would keep it down: a retry storm. [shown above]",
        ),
        Prediction(
            "the order whose bank comes back",
            "What becomes of that order?",
            (
                "it is charged at its third attempt",
                "it is put away before its bank is back",
                "it stays in the topic `orders`, uncommitted",
                "it is charged twice",
            ),
            _what_becomes,
            "Three attempts are over in a moment, and the order goes to `orders.dead`, though "
            "20 s of patience would have charged it.",
        ),
    ),
    names={
        "retry_without_delay": (
            "what failed was tried again sooner than promised. Here it is produced again at once, "
            "and the time in its header is decoration."
        ),
        "starvation": (
            "work that could be done at once waits behind work that cannot. Here nobody waits: "
            "that is the trouble. A worker that slept for 10 s would starve the others."
        ),
        "stuck": (
            "work is left and the run does not get to it, or goes round without an end. Here the "
            "attempts are counted, in a header, and the run ends."
        ),
        "skipped_offset": (
            "a group commits past a record that failed and goes on nowhere. Here what fails is "
            "produced again before its offset is committed."
        ),
    },
    asides=(_never_awaited, _two_steps),
    task=(
        "Mend the worker. What fails is tried again no sooner than 10 s later, three times at\n"
        "most, and meanwhile no other order waits longer than 3 s. What is no JSON becomes a\n"
        "record in `orders.dead`. There is a topic `orders.retry` besides. The worker may crash\n"
        "after any step."
    ),
    caveat=(
        "Here one partition and one worker do. With more, a group hands partitions over: what is "
        "paused or held in memory has to be dropped when they are revoked."
    ),
    interview=(
        (
            "Kafka has no delayed delivery: a record is readable at once, so the consumer keeps "
            "the delay, by pause and seek on a topic in which all wait equally long.",
            "shown above; KafkaConsumer javadoc, Consumption Flow Control",
        ),
        (
            "Copy to the retry topic, wait until it is confirmed, then commit; the other way round "
            "a crash loses the order, and a transaction makes the two one step.",
            "the crashes above; KIP-98; KIP-447",
        ),
        (
            "produce() is asynchronous: before flush() or the delivery report says so, nothing "
            "has been sent, and a commit after it promises what is not there.",
            "the crash above; confluent-kafka-python, Producer.produce",
        ),
    ),
)
