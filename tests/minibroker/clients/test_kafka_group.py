"""Consumers that share a group: who is told what of a rebalance, and what becomes of zombies."""

from typing import Any

import pytest

from minibroker.sim.clock import SECOND
from minibroker.sim.trace import (
    Answered,
    Assigned,
    Faulted,
    Fenced,
    LeftGroup,
    OffsetsCommitted,
    Polled,
    Rebalanced,
    Requested,
    Revoked,
)
from minibroker.sim.world import Member
from tests.minibroker.kafka import Ran, Scenario, Setting, consuming, holding, play, reads

COOPERATIVE = {"partition_assignment_strategy": "cooperative-sticky"}

TOLD = """
def told(what):
    return lambda consumer, partitions: print(
        f"{what}{[p.partition for p in partitions]}"
        f" has{[p.partition for p in consumer.assignment()]}"
    )


consumer.subscribe(["orders"], told("assign"), told("revoke"), told("lost"))
"""

EMPTY = holding(partitions=4, orders=[])

POLLS = TOLD + "while True: consumer.poll(1.0)"


def pair(
    body: str = POLLS,
    other: str = POLLS,
    scenario: Scenario = EMPTY,
    plan: str = "none",
    starts: int = 10,
    **config: Any,
) -> Ran:
    """Two members of one group, the other from `starts` seconds on."""
    source = consuming(body, **config) + "\n\n" + consuming(other, "other", **config)
    return play(source, scenario, plan, [Member("worker", 5), Member("other", 5, starts * SECOND)])


def said_by(ran: Ran, who: str) -> list[str]:
    """The lines that one incarnation printed."""
    return "".join(text for by, text in ran.said_by if by == who).splitlines()


def told(ran: Ran, who: str = "worker#1") -> list[tuple[str, list[int]]]:
    """What one was told of rebalances, from the trace."""
    names = {Assigned: "assigned", Revoked: "revoked"}
    return [
        ("lost" if getattr(e, "lost", False) else names[type(e)], [p for _, p in e.partitions])
        for e in ran.trace
        if isinstance(e, Assigned | Revoked) and e.who == who
    ]


def handed(ran: Ran, who: str) -> int:
    """The number of the first poll that handed one a record."""
    return next(
        e.number
        for e in ran.trace.of(Answered)
        if e.who == who and isinstance(e.value, dict) and "record" in e.value
    )


def effect(ran: Ran, who: str, op: str, which: int = 0) -> int:
    """The number of one of a process's effects."""
    return [e.number for e in ran.trace.of(Requested) if e.who == who and e.op == op][which]


# --- alone ----------------------------------------------------------------------------------------


def test_a_member_alone_is_assigned_everything_after_the_groups_first_delay() -> None:
    ran = reads(
        TOLD + "print(consumer.poll(10.0).value(), time.monotonic(), consumer.memberid())",
        holding(partitions=2, orders=["a", "b"]),
    )
    first, second = ran.said.splitlines()
    assert first == "assign[0, 1] has[]"
    assert second.startswith("b'a' 3.00")
    assert second.split()[2].startswith("rdkafka-")


def test_without_callbacks_a_poll_is_one_effect() -> None:
    ran = reads(
        'consumer.subscribe(["orders"])\nprint(consumer.poll(10.0).value())',
        holding(orders=["a"]),
    )
    assert ran.said == "b'a'\n"
    assert len([e for e in ran.trace.of(Requested) if e.op == "poll"]) == 1
    assert told(ran) == [("assigned", [0])]


def test_on_assign_may_start_elsewhere() -> None:
    ran = reads(
        """
        def moved(consumer, partitions):
            for partition in partitions:
                partition.offset = 2
            consumer.assign(partitions)

        consumer.subscribe(["orders"], on_assign=moved)
        print(consumer.poll(10.0).value())
        """,
        holding(orders=["a", "b", "c"]),
    )
    assert ran.said == "b'c'\n"


def test_what_a_callback_raises_leaves_the_poll() -> None:
    ran = play(
        consuming(
            """
            def refuse(consumer, partitions):
                raise ValueError("not mine")

            consumer.subscribe(["orders"], on_assign=refuse)
            try:
                consumer.poll(10.0)
            except ValueError as error:
                print(error, [p.partition for p in consumer.assignment()])
            """
        ),
        holding(orders=["a"]),
    )
    assert ran.said == "not mine [0]\n"


def test_a_restarted_member_goes_on_where_it_committed_after_its_session_timed_out() -> None:
    body = """
        consumer.subscribe(["orders"])
        while True:
            if message := consumer.poll(1.0):
                print(message.value(), round(time.monotonic()))
                consumer.commit(message, asynchronous=False)
        """
    scenario = holding(orders=["a", "b", "c"])
    whole = play(consuming(body), scenario)
    crash = effect(whole, "worker#1", "commit", 1)
    ran = play(consuming(body), scenario, f"crash:{crash}")
    assert ran.said.splitlines() == ["b'a' 3", "b'b' 3", "b'c' 48"]
    left = ran.trace.of(LeftGroup)[0]
    assert (left.who, left.why) == ("worker#1", "session timeout")


def test_auto_commit_loses_a_record_that_was_handed_out_and_not_worked_on() -> None:
    body = """
        consumer.subscribe(["orders"])
        while True:
            if message := consumer.poll(1.0):
                time.sleep(6)
                print(message.value())
        """
    scenario = holding(orders=["a", "b"])
    whole = play(consuming(body), scenario)
    ran = play(consuming(body), scenario, f"crash:{effect(whole, 'worker#1', 'sleep')}")
    assert [e.offset for e in ran.trace.of(Polled)] == [0, 1]
    assert "b'a'" not in ran.said


def test_closing_revokes_commits_and_leaves_at_once() -> None:
    ran = reads(
        TOLD + "consumer.poll(10.0)\nconsumer.close()\nprint(round(time.monotonic(), 1))",
        holding(orders=["a"]),
    )
    assert ran.said.splitlines() == ["assign[0] has[]", "revoke[0] has[0]", "3.0"]
    assert [(e.offsets, e.by_itself) for e in ran.trace.of(OffsetsCommitted)] == [
        ([["orders", 0, 1]], True)
    ]
    assert [e.why for e in ran.trace.of(LeftGroup)] == ["left"]


def test_unsubscribing_is_told_at_the_next_poll() -> None:
    ran = reads(
        TOLD + 'consumer.poll(10.0)\nconsumer.unsubscribe()\nprint("still")\nconsumer.poll(1.0)',
        holding(orders=["a"]),
    )
    assert ran.said.splitlines() == ["assign[0] has[]", "still", "revoke[0] has[0]"]
    assert [e.why for e in ran.trace.of(LeftGroup)] == ["left"]


def test_a_new_subscription_replaces_the_old_one() -> None:
    ran = reads(
        """
        consumer.subscribe(["orders"])
        print(consumer.poll(10.0).topic())
        consumer.subscribe(["^pay.*"])
        print(consumer.poll(10.0).topic())
        """,
        holding(orders=["a", "b"], payments=["c"]),
    )
    assert ran.said.split() == ["orders", "payments"]


def test_a_topic_that_is_not_there_is_told_as_an_error() -> None:
    ran = reads(
        """
        consumer.subscribe(["nothing", "orders"])
        message = consumer.poll(10.0)
        print(message.topic(), message.error())
        print(consumer.poll(10.0).value())
        """,
        holding(orders=["a"]),
    )
    assert ran.said.splitlines() == [
        'nothing KafkaError{code=UNKNOWN_TOPIC_OR_PART,val=3,str="Subscribed topic not available: '
        'nothing: Broker: Unknown topic or partition"}',
        "b'a'",
    ]


def test_a_topic_that_is_created_later_is_found_when_metadata_are_refreshed() -> None:
    def later(stage: Setting) -> None:
        def create() -> None:
            stage.cluster.create_topic("orders", 1)
            stage.append("orders", 0, "a")

        stage.at(20, create)

    ran = reads(
        """
        consumer.subscribe(["orders"])
        print(consumer.poll(10.0).error().name())
        print(consumer.poll(400.0).value(), round(time.monotonic()))
        """,
        later,
    )
    assert ran.said.splitlines() == ["UNKNOWN_TOPIC_OR_PART", "b'a' 303"]


def test_partitions_that_are_added_are_shared_out_when_metadata_are_refreshed() -> None:
    def later(stage: Setting) -> None:
        stage.at(20, lambda: stage.cluster.add_partitions("orders", 3))

    ran = reads(TOLD + "consumer.poll(400.0)", holding(later, orders=[]))
    assert ran.said.splitlines() == ["assign[0] has[]", "revoke[0] has[0]", "assign[0, 1, 2] has[]"]


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^.*a.*b.*c$", r"^(a)\1"])
def test_a_pattern_that_could_be_slow_is_refused_with_a_sentence(pattern: str) -> None:
    ran = play(consuming(f"consumer.subscribe([{pattern!r}])"), EMPTY, restarts=0)
    assert ran.exit.error == "NotInSubset"
    assert "is not simulated here; use at most two" in ran.exit.message


# --- two ------------------------------------------------------------------------------------------


def test_an_eager_rebalance_takes_everything_and_gives_it_out_anew() -> None:
    ran = pair()
    mine, others = told(ran), told(ran, "other#1")
    assert mine[:2] == [("assigned", [0, 1, 2, 3]), ("revoked", [0, 1, 2, 3])]
    assert len(mine) == 3
    assert len(others) == 1
    assert sorted(mine[2][1] + others[0][1]) == [0, 1, 2, 3]
    assert said_by(ran, "worker#1")[1] == "revoke[0, 1, 2, 3] has[0, 1, 2, 3]"


def test_a_cooperative_rebalance_takes_only_what_moves() -> None:
    ran = pair(**COOPERATIVE)
    mine = told(ran)
    assert [kind for kind, _ in mine] == ["assigned", "revoked", "assigned", "assigned"]
    assert len(mine[1][1]) == 2
    moved = mine[1][1]
    assert told(ran, "other#1") == [("assigned", []), ("assigned", moved)]


def test_nobody_owns_a_partition_twice() -> None:
    for config in ({}, COOPERATIVE):
        ran = pair(**config)
        for rebalanced in ran.trace.of(Rebalanced):
            owned = [tuple(p) for owner in rebalanced.owners.values() for p in owner]
            assert len(owned) == len(set(owned))


def test_a_commit_in_on_revoke_still_counts() -> None:
    body = """
        def give_up(consumer, partitions):
            print(consumer.commit(asynchronous=False)[0].offset)

        consumer.subscribe(["orders"], on_revoke=give_up)
        while True: consumer.poll(1.0)
        """
    ran = pair(body, scenario=holding(orders=["a", "b"]), enable_auto_commit=False)
    assert said_by(ran, "worker#1")[0] == "2"
    assert not ran.trace.of(Fenced)


def test_a_rebalance_is_learned_of_at_a_heartbeat_and_waits_for_the_poll() -> None:
    busy = TOLD + "consumer.poll(10.0)\nconsumer.poll(0)\ntime.sleep(60)\nconsumer.poll(10.0)"
    ran = pair(busy, scenario=holding(partitions=2, orders=["a"]))
    revoked = ran.trace.of(Revoked)[0]
    assert 63 <= revoked.at / SECOND < 64


def test_a_crashed_members_partitions_are_given_out_when_its_session_timed_out() -> None:
    whole = pair()
    poll = effect(whole, "other#1", "poll", 3)
    ran = pair(plan=f"crash:{poll}")
    left = ran.trace.of(LeftGroup)[0]
    assert (left.who, left.why) == ("other#1", "session timeout")
    crashed = next(e.at for e in ran.trace if type(e).__name__ == "Crashed")
    assert left.at == crashed + 45 * SECOND


def test_a_zombies_commit_is_refused_and_it_is_told_that_all_is_lost() -> None:
    body = TOLD + (
        "while True:\n"
        "    if message := consumer.poll(1.0):\n"
        "        try:\n"
        "            consumer.commit(message, asynchronous=False)\n"
        "        except KafkaException as error:\n"
        "            print(error.args[0].name())\n"
    )
    scenario = holding(partitions=2, orders=["a", "b"])
    whole = pair(body, scenario=scenario)
    ran = pair(body, scenario=scenario, plan=f"pause:{handed(whole, 'worker#1')}")
    assert said_by(ran, "worker#1")[:3] == [
        "assign[0, 1] has[]",
        "UNKNOWN_MEMBER_ID",
        "lost[0, 1] has[0, 1]",
    ]
    fenced = ran.trace.of(Fenced)[0]
    assert (fenced.who, fenced.what, fenced.error) == ("worker#1", "commit", "UNKNOWN_MEMBER_ID")
    assert not any(
        e.who == "worker#1" and e.by_itself and e.at > fenced.at - SECOND and e.at < fenced.at
        for e in ran.trace.of(OffsetsCommitted)
    )


def test_a_frozen_members_session_ends_and_it_commits_nothing_when_it_thaws() -> None:
    scenario = holding(partitions=2, orders=["a", "b"])
    whole = pair(scenario=scenario)
    ran = pair(scenario=scenario, plan=f"pause:{handed(whole, 'worker#1')}")
    frozen = ran.trace.of(Faulted)[0].at
    left = ran.trace.of(LeftGroup)[0]
    assert (left.who, left.why) == ("worker#1", "session timeout")
    assert left.at == frozen + 45 * SECOND
    assert ("lost", [0, 1]) in told(ran)
    assert not ran.trace.of(Fenced)
    assert {e.who for e in ran.trace.of(OffsetsCommitted)} == {"other#1"}


def test_a_member_that_is_frozen_while_it_joins_goes_on_when_it_thaws() -> None:
    ran = play(consuming(POLLS), EMPTY, "pause:2")
    assert ran.trace.of(Rebalanced)[0].at > 200 * SECOND
    assert told(ran)


def test_a_rebalance_that_begins_in_a_callback_is_learned_of_after_it() -> None:
    body = """
        consumer.subscribe(["orders"], on_assign=lambda consumer, partitions: time.sleep(9.5))
        while True: consumer.poll()
        """
    ran = pair(body)
    assert told(ran, "other#1")
    assert [kind for kind, _ in told(ran)][:3] == ["assigned", "revoked", "assigned"]


def test_nothing_is_handed_out_while_partitions_are_to_be_given_up() -> None:
    body = """
        consumer.subscribe(
            ["orders"], on_revoke=lambda consumer, partitions: print(consumer.poll(0))
        )
        consumer.poll(10.0)
        time.sleep(15)
        consumer.poll(1.0)
        """
    ran = pair(body, scenario=holding(orders=["a", "b", "c"]))
    assert said_by(ran, "worker#1") == ["None"]


def test_what_was_given_up_is_not_revoked_again_when_it_closes() -> None:
    body = TOLD + "consumer.poll(10.0)\ntime.sleep(15)\nconsumer.poll(0)\nconsumer.close()"
    ran = pair(body)
    assert [kind for kind, _ in told(ran)] == ["assigned", "revoked"]


def test_without_on_lost_on_revoke_is_told() -> None:
    body = POLLS.replace(', told("lost")', "")
    whole = pair(body)
    ran = pair(body, plan=f"pause:{effect(whole, 'worker#1', 'poll', 3)}")
    assert "revoke[0, 1, 2, 3] has[0, 1, 2, 3]" in said_by(ran, "worker#1")
    assert ("lost", [0, 1, 2, 3]) in told(ran)


def test_a_member_that_does_not_poll_in_time_leaves_and_is_told_so_and_joins_again() -> None:
    ran = reads(
        TOLD
        + "print(consumer.poll(10.0).value())\n"
        + "time.sleep(301)\n"
        + "print(consumer.poll(10.0).error().name())\n"
        + "print(consumer.poll(10.0).value())\n",
        holding(orders=["a"]),
        enable_auto_commit=False,
    )
    assert ran.said.splitlines() == [
        "assign[0] has[]",
        "b'a'",
        "_MAX_POLL_EXCEEDED",
        "lost[0] has[0]",
        "assign[0] has[]",
        "b'a'",
    ]
    [left, *_] = ran.trace.of(LeftGroup)
    assert left.why == "poll interval"
    assert 303 <= left.at / SECOND < 304


def test_one_that_sleeps_after_polling_in_vain_leaves_as_well() -> None:
    ran = reads(TOLD + "consumer.poll(10.0)\ntime.sleep(400)", holding(orders=[]))
    left = ran.trace.of(LeftGroup)[0]
    assert left.why == "poll interval"
    assert 310 <= left.at / SECOND < 311


def test_many_short_sleeps_are_as_long_as_one() -> None:
    ran = reads(
        TOLD + "consumer.poll(10.0)\nfor _ in range(70): time.sleep(5)\nconsumer.poll(1)",
        holding(orders=["a"]),
    )
    assert next(e.why for e in ran.trace.of(LeftGroup)) == "poll interval"


def test_a_sleeping_member_keeps_its_session() -> None:
    ran = reads(TOLD + "consumer.poll(10.0)\ntime.sleep(200)", holding(orders=["a"]))
    assert ran.trace.of(LeftGroup)[0].at > 200 * SECOND


def test_a_static_member_that_is_back_in_time_causes_no_rebalance() -> None:
    body = """
        consumer.subscribe(["orders"])
        while True: consumer.poll(1.0)
        """
    scenario = holding(partitions=2, orders=[])
    config = {"group_instance_id": "worker-1"}
    whole = play(consuming(body, **config), scenario)
    crash = effect(whole, "worker#1", "poll", 5)
    ran = play(consuming(body, **config), scenario, f"crash:{crash}")
    assert told(ran, "worker#2") == [("assigned", [0, 1])]
    second = next(e for e in ran.trace.of(Assigned) if e.who == "worker#2")
    crashed = next(e.at for e in ran.trace if type(e).__name__ == "Crashed")
    assert second.at < crashed + 3 * SECOND


def test_a_static_member_whose_place_is_taken_fails_for_good() -> None:
    config = {"group_instance_id": "one"}
    body = """
        consumer.subscribe(["orders"])
        while True:
            message = consumer.poll(1.0)
            if message and message.error():
                print(message.error())
                break
        """
    ran = pair(body, 'consumer.subscribe(["orders"])\nconsumer.poll(30)', **config)
    fenced = "Broker: Static consumer fenced by other consumer with same group.instance.id"
    assert said_by(ran, "worker#1") == [
        f'KafkaError{{code=_FATAL,val=-150,str="Fatal error: {fenced}: Fatal consumer error: '
        f'{fenced}"}}'
    ]


def test_closing_a_static_member_leaves_its_place_until_its_session_ends() -> None:
    ran = reads(
        TOLD + "consumer.poll(10.0)\nconsumer.close()",
        holding(orders=["a"]),
        group_instance_id="one",
    )
    [left] = ran.trace.of(LeftGroup)
    assert left.why == "session timeout"


# --- faults ---------------------------------------------------------------------------------------

COMMITS = """
consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
consumer.poll(1.0)
try:
    consumer.commit(asynchronous=False)
except KafkaException as error:
    print(error)
print(consumer.committed([TopicPartition("orders", 0)])[0].offset)
consumer.commit(asynchronous=False)
print(consumer.committed([TopicPartition("orders", 0)])[0].offset)
"""


@pytest.mark.parametrize(("kind", "before"), [("definite", "-1001"), ("indefinite", "1")])
def test_a_commit_may_time_out_and_be_tried_again(kind: str, before: str) -> None:
    ran = reads(COMMITS, holding(orders=["a"]), f"{kind}:4", enable_auto_commit=False)
    assert ran.said.splitlines() == [
        'KafkaError{code=_TIMED_OUT,val=-185,str="Commit failed: Local: Timed out"}',
        before,
        "1",
    ]


def test_a_poll_and_an_asynchronous_commit_do_not_fail() -> None:
    body = """
        consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
        consumer.commit(consumer.poll(1.0))
        """
    for plan in ("definite:3", "indefinite:3", "definite:4", "indefinite:4"):
        assert reads(body, holding(orders=["a"]), plan).exit.how == "returned"


def test_a_record_may_come_twice_as_its_producer_sent_it_twice() -> None:
    ran = reads(
        """
        consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
        print([message.value() for message in consumer.consume(9, 1)])
        print([message.value() for message in consumer.consume(9, 1)])
        """,
        holding(orders=["a", "b"]),
        "duplicate:3",
    )
    assert ran.said.splitlines() == ["[b'a', b'b']", "[b'a', b'b']"]


def test_a_run_comes_to_rest() -> None:
    def late(stage: Setting) -> None:
        stage.at(500, lambda: stage.append("orders", 0, "late"))

    ran = pair(scenario=holding(late, partitions=2, orders=["a"]))
    assert ran.trace.events[-1].why == "quiet"
    assert [e.offset for e in ran.trace.of(Polled)] == [0, 1]
