"""The life of a group: joining, rebalancing, leaving, and the ends of sessions."""

import uuid

import pytest

from minibroker.log.errors import Code
from minibroker.log.groups import Committed, Groups, MemberIdRequired
from minibroker.sim.trace import Fenced, LeftGroup, OffsetsCommitted, Rebalanced
from tests.minibroker.log.coordinated import Client, Coordinated, refused, stable


@pytest.fixture
def on() -> Coordinated:
    return Coordinated()


def test_the_first_member_waits_three_seconds_for_others(on):
    one = Client(on, "one#1")
    answer = one.join()
    on.passes(2.9)
    assert not answer.done
    on.passes(0.1)
    joined = answer.get()
    assert (joined.generation, joined.protocol) == (1, "range")
    assert joined.leader == joined.member_id == joined.members[0].member_id


def test_members_who_start_together_share_the_first_generation(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    assert one.synced.get() == [("t", 0)]
    assert two.synced.get() == [("t", 1)]
    assert two.joined.get().members == []
    event = on.since(Rebalanced)[-1]
    assert event.owners == {"one#1": [["t", 0]], "two#1": [["t", 1]]}
    assert event.generation == 1


def test_a_newcomer_brings_the_members_to_join_again(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one)
    two.join()
    assert one.told == 1
    with refused(Code.REBALANCE_IN_PROGRESS):
        one.beat()
    assert not two.joined.done
    one.join()
    one.sync()
    two.sync()
    assert (one.generation, two.generation) == (2, 2)
    assert one.synced.get() == [("t", 0)]
    assert two.synced.get() == [("t", 1)]


def test_who_does_not_join_again_in_time_is_out(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one)
    two.join()
    on.passes(299)
    assert not two.joined.done
    on.passes(1)
    assert on.since(LeftGroup)[0].why == "rebalance timeout"
    assert two.sync().get() == [("t", 0)]
    with refused(Code.UNKNOWN_MEMBER_ID):
        one.beat()


def test_a_member_that_leaves_is_out_at_once(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    on.groups.leave("g", one.member_id)
    assert two.told == 1
    two.join()
    assert two.sync().get() == [("t", 0)]
    assert on.since(LeftGroup)[0].why == "left"


def test_the_last_to_leave_leaves_the_group_empty(on):
    one = Client(on, "one#1")
    stable(one)
    on.groups.leave("g", one.member_id)
    assert on.groups.describe("g").state == "Empty"
    assert on.since(Rebalanced)[-1].owners == {}


def test_a_member_whose_heartbeats_stop_is_out_after_its_session(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    on.groups.keep_alive("g", one.member_id, False)
    on.passes(44.9)
    assert two.told == 0
    on.passes(0.2)
    assert two.told == 1
    assert on.since(LeftGroup)[0].why == "session timeout"


def test_a_session_ends_at_the_same_moment_whether_heartbeats_are_sent_or_vouched_for(on):
    sent, vouched = Client(on, "sent#1", on_rebalance=None), Client(on, "vouched#1", "h")
    stable(sent)
    stable(vouched)
    for _ in range(5):
        on.passes(3)
        sent.beat()
    on.groups.keep_alive("h", vouched.member_id, False)
    on.passes(100)
    ends = {event.who: (event.at, event.why) for event in on.since(LeftGroup)}
    assert ends["sent#1"] == ends["vouched#1"]


def test_heartbeats_that_come_back_in_time_save_the_session(on):
    one = Client(on, "one#1")
    stable(one)
    on.groups.keep_alive("g", one.member_id, False)
    on.passes(40)
    on.groups.keep_alive("g", one.member_id, True)
    on.passes(1000)
    one.beat()
    assert on.since(LeftGroup) == []


def test_a_client_that_vouches_for_nothing_must_be_heard_of(on):
    one = Client(on, "one#1", on_rebalance=None)
    stable(one)
    for _ in range(10):
        on.passes(40)
        one.beat()
    on.passes(45)
    with refused(Code.UNKNOWN_MEMBER_ID):
        one.beat()


def test_a_commit_of_the_generation_now_counts(on):
    one = Client(on, "one#1")
    stable(one)
    one.commit(5)
    assert on.groups.committed("g") == {("t", 0): Committed(5)}
    assert on.since(OffsetsCommitted)[0].offsets == [["t", 0, 5]]


def test_a_zombie_commits_nothing(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one)
    one.commit(5)
    two.join()
    one.commit(6)  # still the owner, while the group gathers
    on.passes(300)
    two.sync()
    with refused(Code.UNKNOWN_MEMBER_ID):
        one.commit(7)
    assert on.groups.committed("g", [("t", 0)])[("t", 0)].offset == 6
    assert on.since(Fenced)[0] == Fenced(
        at=on.clock.now, who="one#1", what="commit", error="UNKNOWN_MEMBER_ID"
    )


def test_a_late_starter_makes_the_first_generation_wait_again(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    one.join()
    on.passes(2)
    two.join()
    on.passes(3.9)
    assert not one.joined.done
    on.passes(0.1)
    assert one.joined.get().generation == two.joined.get().generation == 1


def test_the_leader_that_joins_again_has_all_assigned_anew(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    one.join()
    assert two.told == 1
    two.join()
    assert one.joined.get().generation == 2


def test_a_follower_that_joins_again_unchanged_disturbs_nobody(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    two.join()
    assert two.joined.get().generation == 1
    assert one.told == 0
    assert two.sync().get() == [("t", 1)]


def test_a_follower_that_wants_something_else_makes_the_group_rebalance(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    two.join("other topics")
    one.join()
    assert one.joined.get().generation == 2
    assert [told.metadata for told in one.joined.get().members] == ["t", "other topics"]


def test_a_sync_that_waits_is_called_off_by_the_next_rebalance(on):
    one, two, three = (Client(on, f"{name}#1") for name in ("one", "two", "three"))
    one.join()
    two.join()
    on.passes(7)
    two.sync()
    three.join()
    with refused(Code.REBALANCE_IN_PROGRESS):
        two.synced.get()
    with refused(Code.REBALANCE_IN_PROGRESS):
        one.sync()
    one.join()
    two.join()
    assert three.joined.get().generation == 2


def test_who_commits_before_it_knows_its_part_is_asked_to_wait(on):
    one = Client(on, "one#1")
    stable(one)
    two = Client(on, "two#1")
    two.join()
    one.join()
    one.generation = one.joined.get().generation
    with refused(Code.REBALANCE_IN_PROGRESS):
        one.commit(5)
    assert on.groups.committed("g") == {}
    assert on.since(Fenced) == []


def test_a_follower_that_never_syncs_is_out_after_the_rebalance_timeout(on):
    one = Client(on, "one#1", on_rebalance=None, rebalance_timeout=60_000_000)
    two = Client(on, "two#1", on_rebalance=None, rebalance_timeout=60_000_000)
    one.join()
    two.join()
    on.passes(7)
    one.sync()
    two.member_id = two.joined.get().member_id
    for _ in range(2):
        on.passes(29)
        one.beat()
        on.groups.heartbeat("g", two.member_id, 1)
    on.passes(2)
    assert [event.who for event in on.since(LeftGroup)] == ["two#1"]
    with refused(Code.REBALANCE_IN_PROGRESS):
        one.beat()


def test_members_without_a_strategy_in_common_are_refused(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one)
    before = on.groups.describe("g")
    with refused(Code.INCONSISTENT_GROUP_PROTOCOL):
        on.groups.join("two#1", "g", "", {"roundrobin": "t"})
    with refused(Code.INCONSISTENT_GROUP_PROTOCOL):
        on.groups.join("two#1", "g", "", {"range": "t"}, protocol_type="connect")
    assert on.groups.describe("g") == before
    assert two.told == 0


def test_the_strategy_that_most_members_like_best_is_taken(on):
    answers = [
        on.groups.join(f"{n}#1", "g", "", dict.fromkeys(names, "t"))
        for n, names in enumerate(
            (["range", "roundrobin"], ["roundrobin", "range"], ["roundrobin"])
        )
    ]
    on.passes(10)
    assert {answer.get().protocol for answer in answers} == {"roundrobin"}


@pytest.mark.parametrize("seconds", [5, 1801])
def test_a_session_timeout_that_the_broker_does_not_allow_is_refused(on, seconds):
    with refused(Code.INVALID_SESSION_TIMEOUT):
        Client(on, "one#1", session_timeout=seconds * 1_000_000).join()


def test_a_group_must_have_a_name(on):
    with refused(Code.INVALID_GROUP_ID):
        Client(on, "one#1", group="").join()
    with refused(Code.INVALID_GROUP_ID):
        Client(on, "one#1", group="").commit(1)


def test_a_member_that_nobody_knows_must_join_as_a_new_one(on):
    one = Client(on, "one#1")
    one.member_id = "rdkafka-of-old"
    with refused(Code.UNKNOWN_MEMBER_ID):
        one.join()
    stable(Client(on, "two#1"))
    with refused(Code.UNKNOWN_MEMBER_ID):
        one.join()


def test_a_new_member_may_be_given_its_id_first(on):
    with pytest.raises(MemberIdRequired) as given:
        on.groups.join("one#1", "g", "", {"range": "t"}, id_required=True)
    assert on.groups.describe("g").members == []
    one = Client(on, "one#1")
    one.member_id = given.value.member_id
    stable(one)
    assert one.joined.get().member_id == given.value.member_id


def test_an_id_that_nobody_joins_with_holds_the_group_up_no_longer_than_a_session(on):
    one = Client(on, "one#1")
    stable(one)
    with pytest.raises(MemberIdRequired) as given:
        on.groups.join("two#1", "g", "", {"range": "t"}, id_required=True)
    one.join("again")
    on.passes(44)
    assert not one.joined.done
    on.passes(1)
    assert one.joined.get().generation == 2
    two = Client(on, "two#1")
    two.member_id = given.value.member_id
    with refused(Code.UNKNOWN_MEMBER_ID):
        two.join()


def test_ids_are_the_same_in_every_run(on):
    one, again = Client(on, "one#1"), Client(Coordinated(), "one#1")
    stable(one)
    stable(again)
    assert one.member_id == again.member_id
    assert one.member_id.startswith("rdkafka-")


def test_a_group_at_rest_leaves_nothing_due(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one, two)
    assert on.pending == []


def test_a_sync_for_another_protocol_is_refused(on):
    one = Client(on, "one")
    stable(one)
    me = "g", one.member_id, one.generation, {}
    for kind, protocol in (("connect", "range"), ("consumer", "roundrobin")):
        with refused(Code.INCONSISTENT_GROUP_PROTOCOL):
            on.groups.sync(*me, protocol_type=kind, protocol=protocol)
    assert on.groups.sync(*me, protocol_type="consumer", protocol="range").done


def test_member_ids_are_unique_if_the_coordinator_is_given_such(on):
    ids = iter(range(1, 3))
    on.groups = Groups(on.clock, on.trace, on.at, unique=lambda: uuid.UUID(int=next(ids)))
    one = Client(on, "one", client_id="till")
    one.join()
    on.passes(7)
    assert one.joined.get().member_id == f"till-{uuid.UUID(int=1)}"
