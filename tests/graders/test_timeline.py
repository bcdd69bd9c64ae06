from graders.judges import Finding, duplicate_effect
from graders.timeline import MOST_ROWS, Timeline, build
from minibroker.sim import trace as t
from tests.graders import stories
from tests.graders.events import answered, asked, drawn, owed, published, settled, texts, told


def of(source: str, check: str) -> Timeline:
    verdict = stories.failing(source, check)
    assert verdict.witness is not None
    return build(verdict.witness, verdict.findings)


# --- processes -------------------------------------------------------------------------------


def test_setting_up_a_connection_makes_no_rows() -> None:
    noise = ("connect", "channel_open", "basic_qos", "queue_declare", "queue_bind")
    events = [
        event
        for number, op in enumerate(noise, 1)
        for event in (asked(number, op), answered(number))
    ]
    assert texts(drawn(*events)) == []


def test_a_crash_after_a_charge_says_that_the_charge_happened() -> None:
    timeline = drawn(
        asked(3, "charge", "payments"),
        t.SideEffect(at=0, who="worker#1", kind="charge", subject="order-1"),
        t.Crashed(at=0, who="worker#1", number=3),
    )
    crash = timeline.rows[-1]
    assert crash.text == "crash: charge happened, its answer never came"
    assert (crash.fault, crash.number) == (True, 3)
    assert timeline.title == "worker#1 crashes at effect 3"


def test_incarnations_stand_side_by_side_and_a_lane_ends_where_its_process_crashed() -> None:
    timeline = drawn(
        t.Started(at=0, who="a#1"),
        t.Started(at=0, who="b#1"),
        t.Requested(at=0, who="a#1", number=1, client="clock", op="sleep", args={"seconds": 1}),
        t.Requested(at=0, who="b#1", number=2, client="clock", op="sleep", args={"seconds": 1}),
        t.Crashed(at=0, who="a#1", number=1),
        t.Started(at=9, who="a#2"),
    )
    assert [lane.name for lane in timeline.lanes] == ["a#1", "a#2", "b#1"]
    first, second, other = timeline.lanes
    assert (first.born, first.dead, first.crashed) == (None, 2, True)
    assert (second.born, second.dead, second.crashed) == (3, None, False)
    assert (other.born, other.dead, other.crashed) == (None, None, False)
    assert timeline.rows[3].text == "starts again, memory empty"


def test_an_interrupted_process_ends_in_one_row() -> None:
    timeline = drawn(
        t.Interrupted(at=0, who="worker#1", number=3),
        t.Exited(at=0, who="worker#1", how="interrupted"),
        t.Ended(at=0, why="quiet", effects=3),
    )
    assert texts(timeline) == ["nothing left to do: interrupted"]
    assert (timeline.lanes[0].dead, timeline.lanes[0].crashed) == (0, False)


def test_an_exception_shows_its_line_and_is_no_injected_fault() -> None:
    timeline = drawn(
        t.Exited(at=0, who="worker#1", how="raised", error="KeyError", message="'id'", line=8),
        t.GaveUp(at=0, who="worker#1", restarts=5),
    )
    assert texts(timeline) == [
        "ends: raised KeyError in line 8: 'id'",
        "is not started again, after 5 restarts",
    ]
    assert [(row.kind, row.fault) for row in timeline.rows] == [("failed", False)] * 2


def test_idle_polls_and_sleeps_are_counted_not_repeated() -> None:
    events: list[t.Event] = []
    for number in range(1, 25, 2):
        events += [
            asked(number, "basic_get", queue="orders"), answered(number, None, "idle"),
            asked(number + 1, "sleep", "clock", seconds=0.5), answered(number + 1, None, "idle"),
        ]  # fmt: skip
    timeline = drawn(*events)
    assert told(timeline) == [
        ("worker#1", "orders", "poll: nothing there (12 times)"),
        ("worker#1", "", "sleep 0.5 s (12 times)"),
    ]


def test_polls_before_and_after_something_happened_stay_apart() -> None:
    poll = (asked(1, "receive", timeout=1), answered(1, None, "idle"))
    assert texts(drawn(*poll, published(1, "orders"), owed(1, "order-1"), *poll)) == [
        "wait 1 s: nothing comes",
        "publish order-1",
        "wait 1 s: nothing comes",
    ]


def test_what_happens_later_than_a_request_is_not_its_effect() -> None:
    timeline = drawn(
        asked(5, "receive", at=0),
        t.SideEffect(at=9, who="worker#1", kind="charge", subject="order-1"),
    )
    assert timeline.rows[0].number is None


# --- findings --------------------------------------------------------------------------------


def test_both_charges_of_a_duplicate_are_marked_and_the_second_says_so() -> None:
    charge = t.SideEffect(at=0, who="worker#1", kind="charge", subject="order-1")
    run = stories.run_of(owed(1, "order-1"), charge, charge)
    timeline = build(run, duplicate_effect.find(run.trace))
    assert [(row.anomaly, row.note) for row in timeline.rows] == [
        (True, "first charge"),
        (True, "charged again"),
    ]


def test_a_finding_without_events_marks_the_end_of_the_run() -> None:
    run = stories.run_of(published(1, "orders"), t.Ended(at=5, why="quiet", effects=0))
    timeline = build(run, [Finding("stuck", "", ())])
    assert texts(timeline)[-1] == "the run ends: nothing is left to happen"
    assert timeline.rows[-1].note == "does not come to rest"


def test_an_anomaly_of_a_new_kind_is_noted_by_its_name() -> None:
    run = stories.run_of(published(1, "orders"))
    assert build(run, [Finding("unbounded_growth", "", (0,))]).rows[0].note == "unbounded growth"


# --- real runs -------------------------------------------------------------------------------


def test_a_memory_that_forgets_shows_crash_requeue_restart_and_second_charge() -> None:
    timeline = of(stories.FORGETS, "charged_once")
    assert told(timeline)[4:] == [
        ("worker#1", "payments", "charge order-1, 42.00"),
        ("worker#1", "", "crash: charge happened, its answer never came"),
        ("worker#1", "orders", "requeue order-1: connection lost"),
        ("worker#2", "", "starts again, memory empty"),
        ("worker#2", "orders", "subscribe"),
        ("orders", "worker#2", "deliver order-1 (redelivered)"),
        ("worker#2", "payments", "charge order-1, 42.00"),
        ("worker#2", "orders", "ack order-1"),
        ("orders", "worker#2", "deliver order-2"),
        ("worker#2", "payments", "charge order-2, 9.99"),
        ("worker#2", "orders", "ack order-2"),
        ("worker#2", "", "nothing left to do: interrupted"),
    ]
    notes = [(row.text, row.note) for row in timeline.rows if row.anomaly]
    assert notes == [
        ("charge order-1, 42.00", "first charge"),
        ("charge order-1, 42.00", "charged again"),
    ]
    assert [row.text for row in timeline.rows if row.fault] == [
        "crash: charge happened, its answer never came"
    ]


def test_a_lost_message_is_noted_at_the_ack_that_lost_it() -> None:
    timeline = of(stories.ACKS_FIRST, "nothing_lost")
    lost = next(row for row in timeline.rows if row.anomaly)
    assert lost.text.startswith("ack order-")
    assert lost.note == "gone for good, never charged"
    assert f"crash right after {lost.text}" in texts(timeline)


def test_messages_that_are_never_acked_are_noted_where_they_go_back() -> None:
    timeline = of(stories.NEVER_ACKS, "queue_drained")
    assert [(row.text, row.note) for row in timeline.rows if row.anomaly] == [
        ("requeue order-1, order-2: connection lost", "never settled")
    ]


def test_a_poison_loop_is_cut_in_the_middle_and_says_how_much_is_left_out() -> None:
    verdict = stories.failing(stories.REQUEUES, "queue_drained")
    assert verdict.witness is not None
    timeline = build(verdict.witness, verdict.findings)
    whole = len(verdict.witness.trace.of(t.Delivered)) + len(verdict.witness.trace.of(t.Requeued))
    cut = next(row for row in timeline.rows if row.kind == "cut")
    kept = [row for row in timeline.rows if row.kind in ("deliver", "requeue")]
    assert len(timeline.rows) <= MOST_ROWS
    assert cut.text.startswith(f"{whole - len(kept)} rows are left out here, among them ")
    assert next(row.note for row in timeline.rows if row.anomaly).startswith("delivery 1 of ")
    assert texts(timeline)[-1] == "stopped after 200 effects: the run does not come to rest"


def test_a_long_run_keeps_what_stands_around_an_anomaly() -> None:
    acks = [settled(number) for number in range(500)]
    events = [e for n, ack in enumerate(acks, 1) for e in (asked(n, "basic_ack"), ack)]
    timeline = build(stories.run_of(*events), [Finding("zombie_write", "", (501,))])
    position = next(at for at, row in enumerate(timeline.rows) if row.anomaly)
    assert texts(timeline)[position - 4 : position + 3] == [
        f"ack message {number}" for number in range(246, 253)
    ]
    assert [row.kind for row in timeline.rows].count("cut") == 2
    assert len(timeline.rows) <= MOST_ROWS


def test_many_anomalies_do_not_make_more_rows_than_can_be_read() -> None:
    acks = [settled(number) for number in range(0, 3_000, 7)]
    events = [e for n, ack in enumerate(acks, 1) for e in (asked(n, "basic_ack"), ack)]
    findings = [Finding("zombie_write", "", (n,)) for n in range(1, len(events), 40)]
    assert len(build(stories.run_of(*events), findings).rows) <= MOST_ROWS


def test_every_trace_event_that_a_finding_names_is_on_a_marked_row() -> None:
    for source, check in (
        (stories.FORGETS, "charged_once"),
        (stories.ACKS_FIRST, "nothing_lost"),
        (stories.NEVER_ACKS, "queue_drained"),
        (stories.REQUEUES, "queue_drained"),
    ):
        verdict = stories.failing(source, check)
        assert verdict.witness is not None
        marked = {
            position
            for row in build(verdict.witness, verdict.findings).rows
            if row.anomaly
            for position in row.events
        }
        assert {p for finding in verdict.findings for p in finding.events} <= marked, check


def test_a_worker_that_polls_shows_reads_writes_and_its_idle_end() -> None:
    assert texts(build(stories.fault_free(stories.POLLS)))[2:7] == [
        "deliver order-1",
        "get done/order-1: no row",
        "charge order-1, 42.00",
        "insert done/order-1",
        "ack order-1",
    ]


# --- what a learner's code chose -------------------------------------------------------------


def test_names_cannot_break_a_line_or_command_a_terminal() -> None:
    evil = "order\n\x1b[2J\u202e\ud800-1"
    timeline = drawn(published(1, f"q{evil}"), owed(1, evil))
    assert texts(timeline) == ["publish order �[2J��-1"]
    assert timeline.lanes[1].name == "qorder �[2J��-1"
