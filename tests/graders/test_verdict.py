"""Verdicts: what a check is worth, and the sentence that says why.

The sources are explored for real, in a world of two orders.
"""

from dataclasses import replace

import pytest

from graders.explore import Exploration, explore
from graders.schedule import name_of, schedule
from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from graders.token import fingerprint, token
from graders.verdict import Verdict, no_verdict, verdicts
from minibroker.sim.faults import crash
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Appended, Crashed, Event, Polled
from tests.graders.stories import run_of
from tests.minibroker.tiny import worker


def two_orders(stage: Stage) -> None:
    stage.queue("orders")
    for order in ("order-1", "order-2"):
        stage.publish(0.0, "orders", {"id": order}, Owes("charge", order, {"cents": 42}))


CLIENTS = {"channel": "pika.channel", "payments": "payments", "database": "database"}
SPEC = Spec(
    name="small",
    version=3,
    roles=(Role("worker", CLIENTS, restarts=2),),
    scenario=two_orders,
    checks=(
        Check("kept", 4, ("lost_message",), "every order is charged"),
        Check("once", 5, ("duplicate_effect",), "no order is charged twice"),
        Check("drained", 6, ("stuck",), "every message is settled"),
    ),
)


def judged(body: str, spec: Spec = SPEC, seed: int = 0) -> list[Verdict]:
    source = worker(body)
    return verdicts(spec, explore(spec, Inline(source), seed), fingerprint(source))


def outcomes(found: list[Verdict]) -> dict[str, tuple[str, int]]:
    return {verdict.check: (verdict.outcome, verdict.points) for verdict in found}


def sentences(found: list[Verdict]) -> set[str]:
    return {verdict.sentence for verdict in found}


LOOP = """
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)["id"]
"""
GOOD = (
    LOOP
    + """
        payments.charge(order, 42, order)
        channel.basic_ack(method.delivery_tag)
"""
)
CHARGES_TWICE = (
    LOOP
    + """
        payments.charge(order, 42)
        channel.basic_ack(method.delivery_tag)
"""
)
ACKS_FIRST = (
    LOOP
    + """
        channel.basic_ack(method.delivery_tag)
        payments.charge(order, 42, order)
"""
)


# --- pass and fail -----------------------------------------------------------------------------


def test_what_keeps_every_promise_gets_all_points_and_is_told_what_was_tried() -> None:
    found = judged(GOOD)
    assert outcomes(found) == {"kept": ("pass", 4), "once": ("pass", 5), "drained": ("pass", 6)}
    assert [verdict.most for verdict in found] == [4, 5, 6]
    coverage = "the run without faults and all 7 single crashes"
    assert [verdict.sentence for verdict in found] == [
        f"every order is charged: held in {coverage}",
        f"no order is charged twice: held in {coverage}",
        f"every message is settled: held in {coverage}",
    ]
    assert {verdict.coverage for verdict in found} == {coverage}
    assert {(verdict.token, verdict.witness, verdict.anomaly) for verdict in found} == {
        ("", None, "")
    }


def test_a_broken_promise_costs_that_check_and_no_other() -> None:
    assert outcomes(judged(CHARGES_TWICE)) == {
        "kept": ("pass", 4),
        "once": ("fail", 0),
        "drained": ("pass", 6),
    }
    assert outcomes(judged(ACKS_FIRST)) == {
        "kept": ("fail", 0),
        "once": ("pass", 5),
        "drained": ("pass", 6),
    }


def test_a_failure_says_what_happened_and_what_was_done_to_the_code() -> None:
    [_, found, _] = judged(CHARGES_TWICE)
    assert found.anomaly == "duplicate_effect"
    assert found.sentence == (
        "the charge for order-1 was made twice: by worker#1 at 0.005 s, then by worker#2 at "
        "1.010 s, after worker#1 crashed with charge() done and not yet answered (effect 6); "
        "1 other schedule of those tried end alike"
    )


def test_a_failure_without_any_fault_says_so_by_saying_nothing_of_one() -> None:
    body = LOOP + "        channel.basic_ack(method.delivery_tag)"
    [found, *_] = judged(body)
    assert found.sentence.startswith("order-1 was lost: worker#1 acked its message, and no charge")
    assert "crashed" not in found.sentence
    assert found.witness is not None
    assert found.witness.plan == ()


def test_the_shortest_run_is_the_witness() -> None:
    """After a crash at the first ack the second order is delivered twice, which takes longer."""
    source = worker(ACKS_FIRST)
    exploration = explore(SPEC, Inline(source))
    lengths = {broken.run.plan: len(broken.run.trace) for broken in exploration.broken}
    first, last = lengths
    assert lengths[first] > lengths[last]
    [found, *_] = verdicts(SPEC, exploration, fingerprint(source))
    assert found.witness is not None
    assert found.witness.plan == last


def test_a_run_without_faults_is_the_witness_when_it_shows_the_anomaly() -> None:
    found = judged(
        LOOP
        + """
        payments.charge(order, 42)
        payments.charge(order, 42)
    """
    )[1]
    assert found.witness is not None
    assert found.witness.plan == ()


def test_a_failure_comes_with_the_token_of_its_run() -> None:
    [_, found, _] = judged(CHARGES_TWICE, seed=5)
    made = token(found.token)
    assert (made.exercise, made.version, made.plan, made.seed) == ("small", 3, (crash(6),), 5)
    assert made.source == fingerprint(worker(CHARGES_TWICE))


def test_a_check_that_looks_for_two_anomalies_fails_by_either() -> None:
    spec = replace(SPEC, checks=(Check("both", 1, ("lost_message", "duplicate_effect"), "x"),))
    assert [found.anomaly for found in judged(ACKS_FIRST, spec)] == ["lost_message"]
    assert [found.anomaly for found in judged(CHARGES_TWICE, spec)] == ["duplicate_effect"]
    assert [found.outcome for found in judged(GOOD, spec)] == ["pass"]


def test_a_pass_on_a_spent_budget_does_not_claim_more_than_was_tried() -> None:
    found = judged(GOOD, replace(SPEC, budget=Budget(schedules=3)))
    assert {verdict.outcome for verdict in found} == {"pass"}
    assert "held in the run without faults, 3 of 7 single crashes, seed 0" in found[0].sentence


# --- checks of the run without faults ----------------------------------------------------------

CALM = replace(
    SPEC,
    checks=(
        Check("calm", 2, ("duplicate_effect",), "no order is charged twice", within="fault_free"),
        Check("once", 5, ("duplicate_effect",), "no order is charged twice"),
    ),
)
ALWAYS_TWICE = CHARGES_TWICE.replace("payments", "payments.charge(order, 42); payments")


def test_what_only_a_fault_shows_does_not_fail_a_check_of_the_run_without() -> None:
    calm, once = judged(CHARGES_TWICE, CALM)
    assert (calm.outcome, calm.points) == ("pass", 2)
    assert calm.sentence == "no order is charged twice: held in the run without faults"
    assert (once.outcome, once.points) == ("fail", 0)


def test_such_a_check_claims_no_more_than_the_run_that_it_looked_at() -> None:
    calm, once = judged(GOOD, CALM)
    assert (calm.outcome, once.outcome) == ("pass", "pass")
    assert calm.coverage == "the run without faults"
    assert once.coverage == "the run without faults and all 7 single crashes"


def test_what_the_run_without_faults_shows_fails_both_and_other_runs_are_none_of_its_business() -> (
    None
):
    calm, once = judged(ALWAYS_TWICE, CALM)
    assert (calm.outcome, once.outcome) == ("fail", "fail")
    assert "other schedule" not in calm.sentence
    assert "other schedules of those tried end alike" in once.sentence
    assert calm.witness is not None
    assert calm.witness.plan == ()
    assert token(calm.token).plan == ()
    assert calm.coverage == "the run without faults"
    assert once.coverage.startswith("the run without faults and all ")


def test_such_a_check_is_unknown_when_nothing_was_shown() -> None:
    calm, once = judged(LOOP + "        channel.basic_ack(method.delivery_tag)", CALM)
    assert (calm.outcome, once.outcome) == ("unknown", "unknown")
    assert calm.sentence == once.sentence


# --- time was up -------------------------------------------------------------------------------


def late(body: str, tried: int, spec: Spec = SPEC) -> list[Verdict]:
    """The verdicts when time was up after so many runs with a fault."""
    source = worker(body)
    whole = explore(spec, Inline(source))
    runs = (whole.fault_free, *(one.run for one in whole.broken))
    broken = [one for one in whole.broken if one.run in runs[: tried + 1]]
    cut = replace(whole, broken=broken, singles=tried, in_time=False)
    return verdicts(spec, cut, fingerprint(source))


def test_what_time_was_too_short_for_is_never_a_pass() -> None:
    found = late(GOOD, 3)
    assert set(outcomes(found).values()) == {("unknown", 0)}
    assert sentences(found) == {
        "nothing was proved: time was up after the run without faults, 3 of 7 single crashes, "
        "seed 0; run this check again on a machine that is less busy"
    }
    assert {each.coverage for each in found} == {
        "the run without faults, 3 of 7 single crashes, seed 0"
    }
    assert all(each.witness is not None and each.witness.plan == () for each in found)


def test_what_was_found_before_time_was_up_stands() -> None:
    calm, once = late(CHARGES_TWICE, 3, CALM)
    assert (once.outcome, calm.outcome) == ("fail", "pass")
    assert "time was up" not in once.sentence + calm.sentence


def test_a_check_of_the_run_without_faults_had_its_time() -> None:
    calm, once = late(GOOD, 0, CALM)
    assert (calm.outcome, calm.points, calm.coverage) == ("pass", 2, "the run without faults")
    assert (once.outcome, once.points) == ("unknown", 0)


def test_time_that_was_up_only_for_pairs_takes_no_pass_away() -> None:
    assert {outcome for outcome, _ in outcomes(late(GOOD, 7)).values()} == {"pass"}


def test_a_budget_that_is_smaller_than_all_is_no_matter_of_time() -> None:
    found = judged(GOOD, replace(SPEC, budget=Budget(schedules=3)))
    assert {outcome for outcome, _ in outcomes(found).values()} == {"pass"}


# --- unknown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "return None",
        "time.sleep(60)",
        "while True:\n    time.sleep(60)",
        "channel.queue_declare('orders', passive=True)",
        "channel.queue_purge('orders')",
    ],
)
def test_code_that_never_takes_a_message_proves_nothing(body: str) -> None:
    found = judged(body)
    assert set(outcomes(found).values()) == {("unknown", 0)}
    assert sentences(found) == {
        "nothing was proved: worker never took a message from orders; consume from it and run "
        "this check again"
    }


def test_a_promise_about_charges_is_not_kept_by_making_none() -> None:
    found = judged(LOOP + "        channel.basic_nack(method.delivery_tag, requeue=False)")
    assert outcomes(found) == {"kept": ("fail", 0), "once": ("unknown", 0), "drained": ("pass", 6)}
    assert found[1].sentence == (
        "nothing was proved: no charge was ever made, so none could be made twice"
    )


def test_an_unknown_verdict_still_has_its_run_to_look_at() -> None:
    assert all(verdict.witness is not None for verdict in judged("pass"))


# --- error -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "raise NotImplementedError",
            "worker raised NotImplementedError in line 5 of the cell, before any fault was tried; "
            "write your solution in that cell",
        ),
        (
            "for method, properties, body in channel.consume(QUEUE):\n    pass",
            "worker raised NameError: name 'QUEUE' is not defined in line 5 of the cell, before "
            "any fault was tried; the cell is run alone, in a fresh process, so define or import "
            "in this cell all that it uses",
        ),
        (
            "channel.basic_get('order')",
            "worker raised ChannelClosedByBroker: (404, \"NOT_FOUND - no queue 'order' in vhost "
            "'/'\") in line 5 of the cell, before any fault was tried",
        ),
        (
            "channel.tx_select()",
            "worker raised NotInSubset: pika.BlockingChannel.tx_select is not simulated "
            "here; the calls that are, are listed in the docstring of pika.BlockingChannel in "
            "line 5 of the cell, before any fault was tried",
        ),
        (
            "while True:\n    pass",
            "worker looped without end in line 5 of the cell, taking no message and calling "
            "nobody; let the loop wait for a message, or end it",
        ),
        (
            "import os\nos._exit(3)",
            "worker ended its whole Python process (os._exit(3)) in line 6 of the cell; a worker "
            "ends by returning or raising, so take that call out",
        ),
    ],
)
def test_code_that_does_not_run_is_an_error_of_every_check(body: str, sentence: str) -> None:
    found = judged(body)
    assert set(outcomes(found).values()) == {("error", 0)}
    assert sentences(found) == {sentence}
    assert all(verdict.witness is not None for verdict in found)


def test_code_that_raises_after_its_first_message_is_an_error_when_it_goes_on_to() -> None:
    found = judged(LOOP + "        raise KeyError(order)")
    assert set(outcomes(found).values()) == {("error", 0)}
    assert "worker raised KeyError: 'order-1' in line 8" in found[0].sentence


def test_an_exception_that_came_and_went_is_no_error() -> None:
    found = judged(
        LOOP
        + """
        payments.charge(order, 42, order)
        if not method.redelivered:
            raise OSError("the disk is full")
        channel.basic_ack(method.delivery_tag)
    """
    )
    assert {outcome for outcome, _ in outcomes(found).values()} == {"pass"}


def test_code_that_only_raises_after_a_crash_is_stuck_and_no_error() -> None:
    found = judged(
        LOOP
        + """
        database.insert("seen", order)
        payments.charge(order, 42, order)
        channel.basic_ack(method.delivery_tag)
    """
    )
    assert outcomes(found) == {"kept": ("pass", 4), "once": ("pass", 5), "drained": ("fail", 0)}
    assert "failed and was not started again, after worker#1 crashed" in found[2].sentence


def test_code_that_differs_from_run_to_run_is_an_error_that_says_what_to_take_out() -> None:
    exploration = replace(explore(SPEC, Inline(worker(GOOD))), deterministic=False)
    found = verdicts(SPEC, exploration, "00000000")
    assert set(outcomes(found).values()) == {("error", 0)}
    assert "took other steps when it was run again" in found[0].sentence
    assert "take out" in found[0].sentence


def test_code_that_cannot_be_started_is_an_error_of_every_check() -> None:
    found = no_verdict(SPEC, "line 1 does not parse")
    assert set(outcomes(found).values()) == {("error", 0)}
    assert [verdict.most for verdict in found] == [4, 5, 6]
    assert sentences(found) == {"line 1 does not parse"}


def test_code_that_will_not_stop_is_told_so() -> None:
    found = judged("""
        while True:
            try:
                for method, properties, body in channel.consume("orders"):
                    order = json.loads(body)["id"]
                    payments.charge(order, 42, order)
                    channel.basic_ack(method.delivery_tag)
            except BaseException:
                pass
    """)
    assert "let KeyboardInterrupt through" in found[0].sentence


# --- sentences ---------------------------------------------------------------------------------


def test_every_verdict_is_one_sentence_of_one_line() -> None:
    for body in (GOOD, CHARGES_TWICE, ACKS_FIRST, "pass", "x"):
        for verdict in judged(body):
            assert verdict.sentence
            assert "\n" not in verdict.sentence


def test_an_exception_of_many_lines_makes_a_sentence_of_one() -> None:
    assert "\n" not in judged("raise ValueError('first\\nsecond')")[0].sentence


def test_an_effect_is_named_as_the_learner_knows_it() -> None:
    run = explore(SPEC, Inline(worker(GOOD))).fault_free
    names = [name_of(run.trace, number) for number in range(1, 8)]
    assert names == [
        "connect()",
        "channel_open()",
        "basic_qos()",
        "basic_consume()",
        "taking a delivery",
        "charge()",
        "basic_ack()",
    ]
    assert name_of(run.trace, 999) == "effect 999"


def test_a_write_is_named_as_the_learner_knows_it() -> None:
    run = explore(SPEC, Inline(worker("database.put('notes', 'a')"))).fault_free
    assert name_of(run.trace, 3) == "put()"


def test_a_transaction_is_named_by_its_commit() -> None:
    body = """
        with database.transaction() as transaction:
            transaction.put("notes", "a")
            transaction.put("notes", "b")
    """
    run = explore(SPEC, Inline(worker(body))).fault_free
    assert name_of(run.trace, 3) == "the transaction's commit"


def test_a_schedule_is_told_crash_by_crash() -> None:
    run = explore(SPEC, Inline(worker(CHARGES_TWICE))).broken[0].run
    assert schedule(run) == (
        "after worker#1 crashed with charge() done and not yet answered (effect 6)"
    )
    run.trace.append(Crashed(at=0, who="worker#2", number=7))
    assert schedule(run).count(" and after worker#2 crashed with ") == 1


# --- logs ----------------------------------------------------------------------------------------


def appended(topic: str = "orders", who: str = "scenario") -> Appended:
    return Appended(
        at=0, who=who, message=1, topic=topic, partition=0, offset=0, key=None, value=b"x"
    )


POLLED = Polled(
    at=0, who="worker#1", group="g", message=1, topic="orders", partition=0, offset=0
)  # fmt: skip


def of_a_log(*events: Event) -> set[str]:
    return sentences(verdicts(SPEC, Exploration(SPEC, 0, run_of(*events), ()), "0" * 8))


def test_code_that_never_took_a_record_proves_nothing() -> None:
    assert of_a_log(appended("refunds"), appended()) == {
        "nothing was proved: worker never took a record from orders or refunds; subscribe to it, "
        "poll, and run this check again"
    }


@pytest.mark.parametrize("events", [[appended(), POLLED], [appended(who="shop#1")], []])
def test_code_that_took_one_or_had_none_to_take_is_judged(events: list[Event]) -> None:
    assert not any("never took" in sentence for sentence in of_a_log(*events))
