"""Members with a group.instance.id (KIP-345)."""

import pytest

from minibroker.log.errors import Code
from minibroker.sim.trace import Fenced, LeftGroup, Rebalanced
from tests.minibroker.log.coordinated import Client, Coordinated, refused, stable


@pytest.fixture
def on() -> Coordinated:
    return Coordinated()


def test_who_is_back_within_its_session_has_its_partitions_and_nobody_notices(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1", instance_id="2")
    stable(one, two)
    on.groups.keep_alive("g", two.member_id, False)
    on.passes(40)
    back = Client(on, "two#2", instance_id="2")
    answer = back.join().get()
    assert answer.generation == 1
    assert answer.member_id != two.member_id
    assert back.sync().get() == [("t", 1)]
    on.passes(100)
    assert one.told == 0
    assert on.since(LeftGroup)[-1] == LeftGroup(
        at=on.clock.now - 100_000_000, who="two#1", group="g", why="replaced"
    )
    assert on.since(Rebalanced)[-1].owners == {"one#1": [["t", 0]], "two#2": [["t", 1]]}


def test_a_leader_that_is_back_is_not_told_that_it_leads(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1", instance_id="2")
    stable(one, two)
    back = Client(on, "one#2", instance_id="1")
    answer = back.join().get()
    assert answer.leader == one.member_id
    assert answer.members == []
    assert back.sync().get() == [("t", 0)]
    assert two.told == 0


def test_a_leader_that_knows_of_it_skips_the_assignment(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1", instance_id="2")
    stable(one, two)
    back = Client(on, "one#2", instance_id="1", can_skip=True)
    answer = back.join().get()
    assert (answer.leader, answer.skip) == (answer.member_id, True)
    assert [each.member_id for each in answer.members] == [answer.member_id, two.member_id]
    follows = Client(on, "two#2", instance_id="2", can_skip=True).join().get()
    assert (follows.leader, follows.skip, follows.members) == (answer.member_id, False, [])
    assert back.told == 0


def test_two_processes_with_one_instance_id_fence_each_other(on):
    one = Client(on, "one#1", instance_id="1")
    stable(one)
    other = Client(on, "other#1", instance_id="1")
    other.join()
    other.sync()
    with refused(Code.FENCED_INSTANCE_ID):
        one.beat()
    with refused(Code.FENCED_INSTANCE_ID):
        one.commit(9)
    with refused(Code.FENCED_INSTANCE_ID):
        one.join()
    assert on.groups.committed("g") == {}
    assert on.since(Fenced)[0].error == "FENCED_INSTANCE_ID"
    assert one.told == 1
    other.commit(3)


def test_who_waits_for_its_join_is_told_that_another_took_its_place(on):
    one = Client(on, "one#1", instance_id="1")
    one.join()
    other = Client(on, "other#1", instance_id="1")
    other.join()
    with refused(Code.FENCED_INSTANCE_ID):
        one.joined.get()
    on.passes(10)
    assert other.sync().get() == [("t", 0)]


def test_who_waits_for_its_sync_is_told_that_another_took_its_place(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1", instance_id="2")
    one.join()
    two.join()
    on.passes(7)
    two.sync()
    back = Client(on, "two#2", instance_id="2")
    back.join()
    with refused(Code.FENCED_INSTANCE_ID):
        two.synced.get()
    with refused(Code.REBALANCE_IN_PROGRESS):
        one.sync()
    one.join()
    assert back.joined.get().generation == 2


def test_a_static_member_that_misses_a_rebalance_stays_in(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1")
    stable(one)
    two.join()
    on.passes(300)
    assert [member.instance_id for member in two.joined.get().members] == ["1", None]
    assert on.since(LeftGroup) == []


def test_a_static_member_that_does_not_come_back_is_out_after_its_session(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1", instance_id="2")
    stable(one, two)
    on.groups.keep_alive("g", two.member_id, False)
    on.passes(45)
    assert on.since(LeftGroup)[0].why == "session timeout"
    assert one.told == 1


def test_a_rebalance_for_which_nobody_is_back_goes_on_when_one_is(on):
    one, two = Client(on, "one#1", instance_id="1"), Client(on, "two#1", instance_id="2")
    three = Client(on, "three#1")
    stable(one, two, three)
    on.groups.leave("g", three.member_id)
    on.passes(1000)
    assert on.groups.describe("g").state == "PreparingRebalance"
    two.join()
    assert not two.joined.done
    on.passes(300)
    assert two.joined.get().generation == 2
    assert two.joined.get().leader == two.member_id


def test_an_operator_takes_a_static_member_out_by_its_instance_id(on):
    one = Client(on, "one#1", instance_id="1")
    stable(one)
    with refused(Code.UNKNOWN_MEMBER_ID):
        on.groups.leave("g", "", "2")
    on.groups.leave("g", "", "1")
    assert on.groups.describe("g").members == []


def test_one_that_wants_another_strategy_when_it_is_back_makes_the_group_rebalance(on):
    on.groups.join("one#1", "g", "", {"range": "t", "roundrobin": "t"}, instance_id="1")
    on.passes(3)
    answer = on.groups.join("one#2", "g", "", {"roundrobin": "t", "range": "t"}, instance_id="1")
    assert answer.get().generation == 2
    assert answer.get().protocol == "roundrobin"
