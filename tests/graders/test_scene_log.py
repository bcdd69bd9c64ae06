"""How logs stand after the events so far, on traces of a few events."""

import json
from dataclasses import replace

import pytest

from graders.scene import Scene
from graders.scene_log import MOST
from graders.steps import steps
from minibroker.sim import trace as t
from tests.graders.events import asked, delivered, owed, published
from tests.graders.judges.history import charged, crashed, exited
from tests.graders.judges.logs import (
    appended,
    assigned,
    began,
    committed,
    decided,
    invoiced,
    left,
    ordered,
    owed_record,
    polled,
    rebalanced,
    revoked,
    truncated,
)
from tests.graders.stories import run_of


def after(*events: t.Event) -> dict:
    run = run_of(*events)
    scene = Scene(run.trace)
    for event in run.trace:
        scene.tell(event)
    return scene.shown


def partitions(*events: t.Event) -> dict[str, tuple[list[str], list[str]]]:
    return {
        each["name"]: (each["records"], each["groups"]) for each in after(*events)["partitions"]
    }


def group(*events: t.Event) -> str:
    """What is said of the only group of orders/0."""
    [said] = partitions(*events)["orders/0"][1]
    return said


def test_records_stand_in_their_partitions_by_offset() -> None:
    other = [appended(3, 7, "audit", value=b"x"), *ordered("order-2", partition=1, first=5)]
    assert partitions(*ordered("order-1"), *other) == {
        "audit/0": (["7: a record"], []),
        "orders/0": (["0: order-1"], []),
        "orders/1": (["0: order-2"], []),
    }


def test_of_many_records_the_last_are_named() -> None:
    many = ordered(*(f"order-{n}" for n in range(MOST + 3)))
    [(records, _)] = partitions(*many).values()
    assert records[:2] == ["3 before them", "3: order-3"]
    assert len(records) == MOST + 1


def test_a_record_of_a_transaction_says_how_that_stands() -> None:
    begun = [began(), appended(1, transaction="tx"), appended(2, 1, transaction="other")]
    assert partitions(*begun)["orders/0"][0][0] == "0: order-1 (not decided)"
    assert partitions(*begun, decided("aborted"))["orders/0"][0] == [
        "0: order-1 (aborted)",
        "1: order-1 (not decided)",
    ]
    assert partitions(*begun, decided())["orders/0"][0][0] == "0: order-1"


def test_records_that_were_cut_off_are_gone() -> None:
    assert partitions(*ordered("order-1", "order-2"), truncated(2, offset=1))["orders/0"][0] == [
        "0: order-1"
    ]


JOIN = rebalanced(worker=[0])


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([JOIN], "billing: nothing committed, read by worker#1"),
        ([committed(2)], "billing: committed 2"),
        ([JOIN, committed(2)], "billing: committed 2, read by worker#1"),
        ([polled()], "billing: nothing committed, worker#1 has 0"),
        (
            [JOIN, polled(), polled(2, 1)],
            "billing: nothing committed, read by worker#1, worker#1 has 0, 1",
        ),
        (
            [JOIN, polled(), polled(2, 1), committed(1)],
            "billing: committed 1, read by worker#1, worker#1 has 1",
        ),
        ([committed(1), polled()], "billing: committed 1"),
        ([polled(), crashed()], "billing: nothing committed"),
        ([polled(), exited("raised")], "billing: nothing committed"),
        ([polled(), left()], "billing: nothing committed"),
        ([JOIN, committed(), left("worker#2")], "billing: committed 1, read by worker#1"),
        ([JOIN, committed(), left()], "billing: committed 1"),
        ([polled(), revoked()], "billing: nothing committed"),
        ([polled(), revoked("worker#1", 1)], None),
        ([polled(), crashed("worker#2")], "billing: nothing committed, worker#1 has 0"),
        (
            [JOIN, polled(), rebalanced(worker_2=[0])],
            "billing: nothing committed, read by worker-2#1",
        ),
        (
            [polled(), began(), committed(transaction="tx")],
            "billing: nothing committed, worker#1 has 0",
        ),
        ([began(), committed(transaction="tx"), decided()], "billing: committed 1"),
        (
            [polled(), began(), committed(transaction="tx"), decided("aborted")],
            "billing: nothing committed, worker#1 has 0",
        ),
    ],
)
def test_a_group_says_how_far_it_has_come_and_what_is_in_hand(
    events: list[t.Event], said: str | None
) -> None:
    assert group(*ordered("order-1"), *events) == (
        said or "billing: nothing committed, worker#1 has 0"
    )


def test_who_reads_without_a_group_is_no_group() -> None:
    assert partitions(*ordered("order-1"), polled(group=""))["orders/0"][1] == []


def test_groups_of_one_partition_stand_side_by_side() -> None:
    both = [*ordered("order-1"), JOIN, rebalanced("mailing", mailer=[0])]
    assert partitions(*both, polled(group="mailing", who="mailer#1"))["orders/0"][1] == [
        "billing: nothing committed, read by worker#1",
        "mailing: nothing committed, read by mailer#1, mailer#1 has 0",
    ]


def test_a_run_without_logs_says_nothing_of_them() -> None:
    assert set(after(published(1, "orders"), owed(1, "order-1"), delivered(1))) == {
        *("queues", "processes", "outside")
    }


def test_what_is_owed_as_a_record_is_seen_in_its_topic_and_not_outside() -> None:
    shown = after(appended(), owed_record(), invoiced(), charged())
    assert [each["name"] for each in shown["outside"]] == ["charge order-1, 0.42"]


def test_a_process_that_polls_waits_for_a_record() -> None:
    def waits(request: t.Requested) -> str:
        return after(request)["processes"][0]["words"]

    assert waits(asked(1, "poll", "kafka")) == "waits for a record"
    assert waits(asked(1, "send_offsets", "kafka")) == (
        "waits for the answer to send_offsets_to_transaction()"
    )


def test_a_run_step_by_step_has_its_partitions_in_each_step() -> None:
    events = [*ordered("order-1"), JOIN, assigned(), polled(), charged(), committed()]
    run = run_of(*(replace(event, at=n) for n, event in enumerate(events)))
    shown = steps(run)
    assert json.loads(json.dumps(shown)) == shown
    said = [step["partitions"][0]["groups"] for step in shown["steps"]]
    assert said == [
        [],
        *[["billing: nothing committed, read by worker#1"]] * 2,
        *[["billing: nothing committed, read by worker#1, worker#1 has 0"]] * 2,
        ["billing: committed 1, read by worker#1"],
    ]
