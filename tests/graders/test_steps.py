"""A run step by step, as it is sent to a viewer."""

import json

import pytest

from graders.judges import Finding
from graders.steps import MOST_STEPS, steps
from graders.timeline import build
from graders.timeline_text import sentence
from minibroker.sim import trace as t
from tests.graders import stories
from tests.graders.events import answered, asked, delivered, owed, published

STORIES = {
    "duplicate": (stories.FORGETS, "charged_once"),
    "lost": (stories.ACKS_FIRST, "nothing_lost"),
    "stuck": (stories.NEVER_ACKS, "queue_drained"),
    "poison": (stories.REQUEUES, "queue_drained"),
    "raises": (stories.RAISES, "queue_drained"),
}


def of(source: str, check: str) -> dict:
    verdict = stories.failing(source, check)
    assert verdict.witness is not None
    return steps(verdict.witness, verdict.findings)


def said(shown: dict) -> list[str]:
    return [step["sentence"].partition(": ")[2] for step in shown["steps"]]


@pytest.mark.parametrize("story", STORIES)
def test_there_is_a_step_for_each_row_with_its_sentence_and_its_place(story: str) -> None:
    verdict = stories.failing(*STORIES[story])
    assert verdict.witness is not None
    timeline = build(verdict.witness, verdict.findings, MOST_STEPS)
    shown = of(*STORIES[story])
    assert [step["sentence"] for step in shown["steps"]] == [
        sentence(timeline, row) for row in timeline.rows
    ]
    assert len(shown["picture"]["rows"]) == len(timeline.rows)
    assert shown["stops"]


@pytest.mark.parametrize("story", STORIES)
def test_steps_are_plain_json_and_the_same_every_time(story: str) -> None:
    shown = of(*STORIES[story])
    assert json.loads(json.dumps(shown)) == shown
    assert shown == of(*STORIES[story])
    assert len(json.dumps(shown)) < 200_000


def test_a_duplicate_starts_at_the_crash_and_stops_where_the_second_charge_is() -> None:
    shown = of(stories.FORGETS, "charged_once")
    rows = said(shown)
    assert rows[shown["start"]].startswith("fault, crash: charge happened")
    [stop] = shown["stops"]
    assert rows[stop] == "charge order-1, 42.00. Anomaly: charged again."
    assert [step["mark"] for step in shown["steps"]].count("fault") == 1

    def charged(index: int) -> tuple[str, bool]:
        first = shown["steps"][index]["outside"][0]
        return first["words"], first["wrong"]

    assert charged(shown["start"]) == ("once", False)
    assert charged(stop - 1) == ("once", False)
    assert charged(stop) == ("twice, owed once", True)


def test_a_step_ends_before_the_call_that_the_next_one_tells_of() -> None:
    shown = of(stories.FORGETS, "charged_once")
    at = said(shown).index("deliver order-1.")
    assert shown["steps"][at]["processes"][0]["words"] == "runs"
    assert shown["steps"][at + 1]["processes"][0]["words"] == "waits for the answer to charge()"


def test_at_the_crash_the_message_is_held_and_after_it_it_is_ready_again() -> None:
    shown = of(stories.FORGETS, "charged_once")
    crash = shown["start"]
    queue = shown["steps"][crash]["queues"][0]
    assert queue["unacked"] == ["order-1, held by worker#1"]
    assert shown["steps"][crash]["processes"][0]["state"] == "crashed"
    queue = shown["steps"][crash + 1]["queues"][0]
    assert (queue["ready"][0], queue["unacked"]) == ("order-1 (handed out once)", [])


def test_a_message_for_two_queues_is_in_both_at_its_first_arrow() -> None:
    shown = steps(stories.run_of(published(1, "orders", "audit"), owed(1, "order-1")))
    assert [len(step["queues"]) for step in shown["steps"]] == [2, 2]


def test_a_call_that_waited_long_does_not_hide_what_came_before_its_end() -> None:
    shown = steps(
        stories.run_of(
            asked(4, "receive"), published(1, "orders"), owed(1, "order-1"), delivered(1),
            answered(4, {"delivery_tag": 1, "body": b'{"id": 1}'}),
        )
    )  # fmt: skip
    assert [step["queues"][0]["ready"] for step in shown["steps"]] == [["order-1"], []]
    assert [len(step["outside"]) for step in shown["steps"]] == [1, 1]


def test_a_finding_without_events_stops_at_the_end() -> None:
    run = stories.run_of(published(1, "orders"), t.Ended(at=5, why="quiet", effects=0))
    shown = steps(run, [Finding("stuck", "", ())])
    assert (shown["start"], shown["stops"]) == (1, [1])


def test_code_that_fails_by_itself_starts_and_stops_where_it_first_does() -> None:
    shown = of(stories.RAISES, "queue_drained")
    assert shown["stops"] == [shown["start"]]
    assert said(shown)[shown["start"]].startswith("ends: raised RuntimeError in line ")


def test_a_run_in_which_nothing_went_wrong_starts_at_its_beginning() -> None:
    shown = steps(stories.fault_free(stories.POLLS))
    assert (shown["start"], shown["stops"]) == (0, [])


def test_a_run_in_which_nothing_happened_has_no_steps() -> None:
    shown = steps(stories.run_of())
    assert (shown["steps"], shown["start"]) == ([], 0)


def test_the_last_step_tells_all_that_is_left() -> None:
    shown = of(stories.FORGETS, "charged_once")
    last = shown["steps"][-1]
    assert (last["queues"][0]["ready"], last["queues"][0]["unacked"]) == ([], [])
    assert last["queues"][0]["gone"] == ["order-1: acked", "order-2: acked"]
