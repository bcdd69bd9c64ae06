"""The life of a group: joining, rebalancing, leaving, and the ends of sessions."""

import pytest

from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Committed
from minibroker.sim.trace import Fenced, LeftGroup, OffsetsCommitted, Rebalanced
from tests.minibroker.log.coordinated import Client, Coordinated, stable


@pytest.fixture
def on() -> Coordinated:
    return Coordinated()


def refused(code: Code):
    class Check:
        def __enter__(self):
            self.raises = pytest.raises(LogError)
            self.found = self.raises.__enter__()

        def __exit__(self, *error):
            taken = self.raises.__exit__(*error)
            assert self.found.value.code is code
            return taken

    return Check()


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
