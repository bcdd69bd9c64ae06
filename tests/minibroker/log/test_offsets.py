"""Committed offsets: who may commit, transactions, expiry, and what an operator may do."""

import pytest

from minibroker.log.errors import Code
from minibroker.log.groups import Committed
from minibroker.sim.trace import Fenced, OffsetsCommitted
from tests.minibroker.log.coordinated import Client, Coordinated, refused, stable

PLACE = ("t", 0)
WEEK = 7 * 24 * 3600


@pytest.fixture
def on() -> Coordinated:
    return Coordinated()


def position(on: Coordinated) -> int | None:
    found = on.groups.committed("g").get(PLACE)
    return None if found is None else found.offset


def in_transaction(on: Coordinated, offset: int, producer_id: int = 1, **member: object) -> None:
    on.groups.commit_in_transaction(
        "worker#1", "g", {PLACE: Committed(offset)},
        producer_id=producer_id, epoch=0, transactional_id="tx", **member,
    )  # fmt: skip


def test_who_is_no_member_commits_only_for_a_group_without_members(on):
    on.groups.commit("tool", "g", {PLACE: Committed(4)})
    assert position(on) == 4
    stable(Client(on, "one#1"))
    with refused(Code.UNKNOWN_MEMBER_ID):
        on.groups.commit("tool", "g", {PLACE: Committed(0)})
    assert position(on) == 4


def test_a_commit_of_an_older_generation_changes_nothing(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one)
    two.join()
    one.join()
    two.sync()
    with refused(Code.ILLEGAL_GENERATION):
        one.commit(9)
    assert position(on) is None
    assert on.since(Fenced)[0].error == "ILLEGAL_GENERATION"


def test_a_generation_of_a_group_that_is_not_there_is_over(on):
    with refused(Code.ILLEGAL_GENERATION):
        on.groups.commit("one#1", "g", {PLACE: Committed(1)}, member_id="m", generation=3)
    assert on.groups.list() == []


def test_metadata_has_a_limit(on):
    with refused(Code.OFFSET_METADATA_TOO_LARGE):
        on.groups.commit("tool", "g", {PLACE: Committed(1, "x" * 4097)})
    assert on.groups.list() == []
    on.groups.commit("tool", "g", {PLACE: Committed(1, "x" * 4096)})
    assert on.groups.committed("g", [PLACE, ("t", 1)]) == {PLACE: Committed(1, "x" * 4096)}


def test_a_transactions_offsets_count_when_it_commits(on):
    on.groups.commit("tool", "g", {PLACE: Committed(1)})
    in_transaction(on, 5)
    assert position(on) == 1
    on.groups.decide(1, commit=True)
    assert position(on) == 5
    assert on.since(OffsetsCommitted)[-1].transaction == "tx"


def test_a_transactions_offsets_are_gone_when_it_aborts(on):
    on.groups.commit("tool", "g", {PLACE: Committed(1)})
    in_transaction(on, 5)
    on.groups.decide(1, commit=False)
    on.groups.decide(1, commit=True)
    assert position(on) == 1


def test_only_the_transaction_of_that_producer_is_decided(on):
    in_transaction(on, 5, producer_id=1)
    on.groups.decide(2, commit=True)
    assert position(on) is None


def test_a_commit_that_came_after_is_not_undone_by_a_transaction_that_was_written_before(on):
    in_transaction(on, 5)
    on.groups.commit("tool", "g", {PLACE: Committed(3)})
    on.groups.decide(1, commit=True)
    assert position(on) == 3


def test_who_asks_for_stable_offsets_waits_for_the_transaction(on):
    in_transaction(on, 5)
    for wanted in (None, [PLACE]):
        with refused(Code.UNSTABLE_OFFSET_COMMIT):
            on.groups.committed("g", wanted, require_stable=True)
    assert on.groups.committed("g", [("t", 1)], require_stable=True) == {}
    assert on.groups.committed("g") == {}
    on.groups.decide(1, commit=True)
    assert on.groups.committed("g", [PLACE], require_stable=True)[PLACE].offset == 5


def test_a_zombie_of_the_group_is_refused_in_a_transaction_too(on):
    one, two = Client(on, "one#1"), Client(on, "two#1")
    stable(one)
    two.join()
    on.passes(300)
    two.sync()
    with refused(Code.UNKNOWN_MEMBER_ID):
        in_transaction(on, 9, member_id=one.member_id, generation=one.generation)
    with refused(Code.ILLEGAL_GENERATION):
        in_transaction(on, 9, member_id=two.member_id, generation=one.generation)
    in_transaction(on, 2, member_id=two.member_id, generation=two.generation)
    on.groups.decide(1, commit=True)
    assert position(on) == 2
    assert [event.error for event in on.since(Fenced)] == [
        "UNKNOWN_MEMBER_ID",
        "ILLEGAL_GENERATION",
    ]


def test_without_a_member_a_transaction_is_not_checked_for_zombies(on):
    stable(Client(on, "one#1"))
    in_transaction(on, 9)
    on.groups.decide(1, commit=True)
    assert position(on) == 9


def test_a_static_member_that_was_replaced_is_refused_in_a_transaction(on):
    one, other = Client(on, "one#1", instance_id="1"), Client(on, "one#2", instance_id="1")
    stable(one)
    other.join()
    with refused(Code.FENCED_INSTANCE_ID):
        in_transaction(on, 9, member_id=one.member_id, generation=1, instance_id="1")


def test_offsets_of_a_group_expire_a_week_after_its_last_member_left(on):
    one = Client(on, "one#1")
    stable(one)
    one.commit(5)
    on.passes(2 * WEEK)
    assert position(on) == 5
    on.groups.leave("g", one.member_id)
    on.passes(WEEK - 1)
    assert position(on) == 5
    on.passes(1)
    assert position(on) is None
    assert on.groups.describe("g").state == "Dead"


def test_offsets_that_no_group_has_expire_a_week_after_they_were_committed(on):
    on.groups.commit("tool", "g", {PLACE: Committed(1)})
    on.passes(WEEK / 2)
    on.groups.commit("tool", "g", {("t", 1): Committed(2)})
    on.passes(WEEK / 2)
    assert on.groups.committed("g") == {("t", 1): Committed(2)}


def test_a_group_without_members_and_offsets_stays_at_its_generation(on):
    one = Client(on, "one#1")
    stable(one)
    in_transaction(on, 5)
    on.groups.decide(1, commit=False)
    on.groups.leave("g", one.member_id)
    on.groups.committed("g")
    assert on.groups.describe("g").generation == 2


def test_an_offset_that_a_transaction_may_change_does_not_expire(on):
    on.groups.commit("tool", "g", {PLACE: Committed(1)})
    in_transaction(on, 5)
    on.passes(2 * WEEK)
    assert position(on) == 1


def test_nothing_is_due_for_offsets_that_will_expire(on):
    on.groups.commit("tool", "g", {PLACE: Committed(1)})
    assert on.pending == []


def test_a_group_with_members_is_not_deleted(on):
    one = Client(on, "one#1")
    stable(one)
    with refused(Code.NON_EMPTY_GROUP):
        on.groups.delete("g")
    one.commit(5)
    on.groups.leave("g", one.member_id)
    on.groups.delete("g")
    assert position(on) is None
    with refused(Code.GROUP_ID_NOT_FOUND):
        on.groups.delete("g")


def test_offsets_of_a_topic_that_members_read_are_not_deleted(on):
    one = Client(on, "one#1")
    stable(one)
    one.commit(5)
    with refused(Code.GROUP_SUBSCRIBED_TO_TOPIC):
        on.groups.delete_offsets("g", [PLACE])
    on.groups.leave("g", one.member_id)
    on.groups.delete_offsets("g", [PLACE])
    assert position(on) is None
    with refused(Code.GROUP_ID_NOT_FOUND):
        on.groups.delete_offsets("h", [PLACE])


def test_an_operator_sets_the_offsets_of_a_group_without_members(on):
    one = Client(on, "one#1")
    stable(one)
    one.commit(5)
    with refused(Code.UNKNOWN_MEMBER_ID):
        on.groups.alter_offsets("operator", "g", {PLACE: Committed(0)})
    on.groups.leave("g", one.member_id)
    on.groups.alter_offsets("operator", "g", {PLACE: Committed(0)})
    assert position(on) == 0


def test_a_deleted_topic_has_no_offsets(on):
    on.groups.commit("tool", "g", {PLACE: Committed(1), ("u", 0): Committed(2)})
    in_transaction(on, 5)
    on.groups.forget_topic("t")
    on.groups.decide(1, commit=True)
    assert on.groups.committed("g") == {("u", 0): Committed(2)}


def test_a_group_is_described_and_listed(on):
    assert on.groups.describe("g").state == "Dead"
    one, two = Client(on, "one#1"), Client(on, "two#1", instance_id="2")
    stable(one, two)
    on.groups.commit("tool", "h", {PLACE: Committed(1)})
    found = on.groups.describe("g")
    assert (found.state, found.protocol, found.protocol_type) == ("Stable", "range", "consumer")
    assert [(member.who, member.instance_id, member.assignment) for member in found.members] == [
        ("one#1", None, [("t", 0)]),
        ("two#1", "2", [("t", 1)]),
    ]
    assert [(info.group, info.state) for info in on.groups.list()] == [
        ("g", "Stable"),
        ("h", "Empty"),
    ]
