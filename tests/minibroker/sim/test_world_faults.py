"""Faults that are no crash: errors, lost answers, pauses, preemptions, what comes twice."""

from minibroker.sim.faults import PAUSE, PREEMPTION
from minibroker.sim.trace import (
    Answered,
    Exited,
    Faulted,
    GaveUp,
    Requested,
    SideEffect,
    Started,
)
from tests.minibroker import kafka
from tests.minibroker.tiny import play, worker

CHARGES = worker("""
    try:
        payments.charge("order-1", 42)
        print("charged")
    except Exception as error:
        print(type(error).__name__)
""")


def test_a_definite_error_leaves_nothing_done() -> None:
    ran = play(CHARGES, plan="definite:3")
    assert (ran.said, ran.trace.of(SideEffect)) == ("GatewayUnavailable\n", [])
    [fault] = ran.trace.of(Faulted)
    assert (fault.who, fault.number, fault.kind) == ("worker#1", 3, "definite")


def test_an_indefinite_error_is_an_error_for_what_was_done() -> None:
    ran = play(CHARGES, plan="indefinite:3")
    assert (ran.said, len(ran.trace.of(SideEffect))) == ("PaymentTimeout\n", 1)
    assert [fault.kind for fault in ran.trace.of(Faulted)] == ["indefinite"]


def test_a_commit_that_breaks_off_is_written_or_not_and_the_error_does_not_say_which() -> None:
    commits = worker("""
        try:
            database.put("orders", "order-1")
        except Exception as error:
            print(type(error).__name__, "|", error)
        print(database.keys("orders"))
    """)
    lost, unanswered = play(commits, plan="definite:3"), play(commits, plan="indefinite:3")
    error = "OperationalError | the connection to the database was lost; whether a commit was "
    assert lost.said == f"{error}written is not known\n[]\n"
    assert unanswered.said == f"{error}written is not known\n['order-1']\n"


def test_a_call_that_cannot_fail_is_not_made_to() -> None:
    ran = play(worker("time.sleep(1); print('awake')"), plan="definite:3")
    assert (ran.said, ran.trace.of(Faulted)) == ("awake\n", [])


def test_what_is_raised_for_a_fault_is_not_held_against_the_code() -> None:
    ran = play(worker("payments.charge('order-1', 42)"), plan="definite:3", restarts=0)
    assert [event.how for event in ran.trace.of(Exited)] == ["raised", "returned"]
    assert ran.trace.of(GaveUp) == []


def test_what_is_raised_by_an_incarnation_without_a_fault_is() -> None:
    text = worker("payments.charge('order-1', 42); raise OSError")
    ran = play(text, plan="definite:3", restarts=1)
    assert len(ran.trace.of(Started)) == 3
    assert len(ran.trace.of(GaveUp)) == 1


def test_a_pause_keeps_an_answer_back_and_then_the_process_goes_on() -> None:
    ran = play(CHARGES, plan="pause:3")
    answer = next(event for event in ran.trace.of(Answered) if event.number == 3)
    charge = ran.trace.of(SideEffect)[0]
    assert ran.said == "charged\n"
    assert answer.at - charge.at > PAUSE
    assert len(ran.trace.of(Started)) == 1


def test_a_preemption_lets_the_others_go_first() -> None:
    text = worker("""
        for turn in range(3):
            payments.charge("order-1", 42)
    """)
    plain = play(text, members=("worker-1", "worker-2"))
    held = play(text, members=("worker-1", "worker-2"), plan="preempt:5")
    turns = [event.who[-3] for event in plain.trace.of(SideEffect)]
    assert turns == ["1", "2", "1", "2", "1", "2"]
    assert [event.who[-3] for event in held.trace.of(SideEffect)] == ["1", "2", "2", "2", "1", "1"]
    [fault] = held.trace.of(Faulted)
    later = next(e for e in held.trace.of(Answered) if e.number == 5 and e.who == "worker-1#1")
    assert later.at - fault.at > PREEMPTION


def test_a_fault_at_an_effect_that_never_comes_changes_nothing() -> None:
    plans = ("definite:99", "indefinite:99", "pause:99", "preempt:99", "duplicate:99")
    assert len({play(CHARGES, plan=plan).trace.text() for plan in ("none", *plans)}) == 1


def test_what_a_client_mends_by_itself_excuses_no_error_after_it() -> None:
    source = """
        from confluent_kafka import Producer

        def worker(kafka):
            producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
            producer.produce("orders", "one")
            producer.flush()
            raise ValueError
    """
    quiet = kafka.play(source, kafka.holding(orders=[]), restarts=0)
    [flush] = [event.number for event in quiet.trace.of(Requested) if event.op == "flush"]
    ran = kafka.play(source, kafka.holding(orders=[]), plan=f"indefinite:{flush}", restarts=0)
    assert [event.kind for event in ran.trace.of(Faulted)] == ["indefinite"]
    assert [event.restarts for event in ran.trace.of(GaveUp)] == [0]
