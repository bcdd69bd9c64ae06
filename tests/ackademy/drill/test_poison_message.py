"""The bug hunt: what it asks, what it says to right and wrong answers, and that its code is what
it says it is."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.poison_message import HUNT, NAME, behind, handed_out
from ackademy.drill.session import Session
from ackademy.drill.steps import Choose, Mend, Reply, Show, ShowRun
from graders.check import check_source, one_run
from graders.content import chaffs, wheats
from graders.explore import launcher, run
from graders.sandbox.transport import children
from graders.spec import load
from minibroker.sim.faults import crash
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Published, Requested, SideEffect

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
CHAFFS = {each.name: each.source for each in chaffs(NAME)}
RIGHT = (3, 1, 0)
"""Without end; they wait; stuck."""


def outcomes(source: str, seed: int = 0, graded: bool = False) -> dict[str, str]:
    verdicts = check_source(SPEC, source, seed, graded)
    return {v.check: v.anomaly or v.outcome for v in verdicts}


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


# --- the code ----------------------------------------------------------------------------------


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("seed", range(3))
def test_the_broken_worker_is_stuck_in_both_transports(seed, graded):
    assert outcomes(BROKEN, seed, graded) == {
        "queue_drained": "stuck", "nothing_lost": "pass", "charged_once": "pass",
    }  # fmt: skip


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("name", WHEATS)
def test_a_mend_by_each_design_passes_in_both_transports(name, graded):
    assert set(outcomes(WHEATS[name], graded=graded).values()) == {"pass"}


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("name", ["rejects_without_requeue", "logs_and_acks"])
def test_dropping_the_order_fails_as_lost_in_both_transports(name, graded):
    assert outcomes(CHAFFS[name], graded=graded) == {
        "queue_drained": "pass", "nothing_lost": "lost_message", "charged_once": "pass",
    }  # fmt: skip


def test_the_support_desk_opens_one_ticket_for_an_order_that_reaches_it_twice():
    """A crash between publish and ack leaves two copies of the dead letter."""
    source = WHEATS["moves_it_then_acks"]
    free, _ = one_run(SPEC, source, ())
    [publish] = [event.number for event in free.trace.of(Requested) if event.op == "basic_publish"]
    tried, findings = one_run(SPEC, source, (crash(publish),))
    assert not findings
    to_the_desk = [e for e in tried.trace.of(Published) if e.routing_key == "orders.dead"]
    tickets = [event for event in tried.trace.of(SideEffect) if event.kind == "ticket"]
    assert (len(to_the_desk), len(tickets)) == (2, 1)


def test_a_good_order_that_is_called_dead_is_an_effect_too_many():
    source = WHEATS["moves_it_then_acks"]
    everything = source.replace(
        "        channel.basic_ack",
        """        channel.basic_publish("", "orders.dead", body)
        channel.basic_ack""",
    )
    assert everything != source
    assert outcomes(everything)["charged_once"] == "duplicate_effect"


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert BROKEN.startswith("import json\n")
    assert "anomaly" not in BROKEN
    assert "for ever" not in BROKEN


# --- the drill ---------------------------------------------------------------------------------


def test_the_code_is_shown_before_anything_is_asked():
    session = answered()
    assert "basic_nack(method.delivery_tag, requeue=True)" in text(session)
    assert isinstance(session.asked, Choose)


def test_nothing_is_run_or_told_before_both_predictions_are_made():
    session = answered(0)
    assert session.shown == []


def test_right_predictions_are_said_to_be_right_with_the_run_and_its_coverage():
    session = answered(*RIGHT[:2])
    said = text(session)
    assert "Tried: the run without faults" in said
    assert " single crashes" in said
    assert "✗ queue drained: the run did not come to rest within 150 effects; order-" in said
    assert "points" not in said
    assert "✓ the malformed order is handed out: again and again" in said
    assert "✓ the good orders behind it: they wait" in said
    [shown] = [step for step in session.shown if isinstance(step, ShowRun)]
    assert handed_out(shown.run)[1]
    assert behind(shown.run)[1] == 0


def test_wrong_predictions_are_put_beside_what_happened():
    said = text(answered(2, 0))
    assert "✗ the malformed order is handed out: you said 20 times; it is: again and again" in said
    assert "✗ the good orders behind it: you said they are charged as usual; it is: they" in said


def test_the_right_name_gets_its_reason():
    said = text(answered(*RIGHT))
    assert "✓ the anomaly: stuck\nStuck: work is left" in said
    assert "would be" not in said


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    name = list(HUNT.names)[place]
    said = text(answered(3, 1, place))
    words = name.replace("_", " ")
    assert f"✗ the anomaly: you said {words}; it is: stuck" in said
    assert f"{words.capitalize()} would be: {HUNT.names[name]}" in said


def test_more_prefetch_lets_the_good_orders_through_and_the_loop_stays():
    said = text(answered(*RIGHT))
    assert "with prefetch_count=10: 2 of 2 orders behind the malformed one are charged" in said
    assert "without an end" in said


def test_on_a_quorum_queue_only_a_reject_is_counted_and_a_dead_letter_exchange_keeps_the_order():
    said = text(answered(*RIGHT))
    lines = [line.strip() for line in said.splitlines() if "handed out" in line]
    nacked, rejected, moved = lines[-3:]
    assert nacked.startswith("basic_nack(requeue=True), as above: handed out ")
    assert nacked.endswith(" times, without an end")
    assert rejected == (
        "basic_reject(requeue=True): handed out 21 times, then it was dropped, and is lost"
    )
    assert moved.endswith("orders.dead: handed out 21 times, then it went to the support desk")


@pytest.mark.parametrize("seed", range(10))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_who_comes_back_before_the_name_sees_what_the_run_showed():
    session = answered()
    session.catch_up([Reply(3), Reply(1)])
    assert "basic_nack" in text(session)
    assert "✗ queue drained: the run did not come to rest" in text(session)


def test_a_mend_that_fails_shows_why_and_asks_again():
    session = answered(*RIGHT)
    session.reply(Reply(CHAFFS["rejects_without_requeue"]))
    assert "✗ nothing lost: order-3 was lost: worker#1 rejected its message" in text(session)
    assert any(isinstance(step, ShowRun) for step in session.shown)
    assert isinstance(session.asked, Mend)


@pytest.mark.parametrize("source", ["def worker(:", "x = 1", "def worker(c, p): return 1 / 0"])
def test_a_mend_that_does_not_run_gets_a_sentence(source):
    session = answered(*RIGHT)
    session.reply(Reply(source))
    assert text(session).count("! ") == len(SPEC.checks)
    assert isinstance(session.asked, Mend)


def test_a_mend_that_passes_ends_with_the_designs_the_card_and_the_interview():
    session = answered(3, 0, 0)
    session.reply(Reply(BROKEN))
    session.reply(Reply(WHEATS["three_tries"]))
    assert session.over
    said = text(session)
    assert said.count("Publishes the order to the dead-letter queue with its cause") == 1
    assert "Acks, then publishes to the dead-letter queue" in said
    assert "✗ the good orders behind it: you said they are charged as usual" in said
    assert "✓ the mend: all checks passed the 2nd time" in said
    assert said.count("[shown above; RabbitMQ 4.3, Negative Acknowledgements; Quorum Queues") == 1
    assert len(HUNT.interview) == 3


def test_the_run_that_is_predicted_is_the_same_in_both_transports():
    traces = [
        run(SPEC, launcher(SPEC, transport, 0), (), 0).trace.text()
        for transport in (Inline(BROKEN), children(BROKEN))
    ]
    assert traces[0] == traces[1]
