"""Groups of the consumer protocol (KIP-848)."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from minibroker.log.errors import Code
from minibroker.log.groups import Beat, Committed, Groups
from minibroker.sim.trace import Fenced, LeftGroup, Rebalanced
from tests.minibroker.log.coordinated import Client, Coordinated, refusal, refused, stable


class WithTopics(Coordinated):
    """A coordinator that knows of topics."""

    def __init__(self, **topics: int) -> None:
        super().__init__()
        self.topics = topics or {"t": 4}
        self.groups = Groups(
            self.clock, self.trace, self.at, partitions=lambda topic: self.topics.get(topic, 0)
        )


class Member:
    """A client of the protocol: it does as its last answer said when it beats the next time."""

    def __init__(
        self, on: Coordinated, who: str, topics: str = "t", instance_id: str | None = None, **more
    ) -> None:
        self.on, self.who = on, who
        self.told = 0
        self.says = Beat(
            who, f"m-{who}", 0, instance_id, topics.split(), [], 20_000_000,
            on_rebalance=self.hear,
        )  # fmt: skip
        self.says = replace(self.says, **more)
        self.epoch, self.owned = 0, []

    def hear(self) -> None:
        self.told += 1

    def beat(self, **more: object):
        """Tell all of itself, and take what is answered; what is assigned it owns from then on."""
        beat = replace(self.says, epoch=self.epoch, owned=list(self.owned), **more)
        answer = self.on.groups.consumer_heartbeat("g", beat)
        self.epoch = answer.epoch
        if answer.assignment is not None:
            self.owned = answer.assignment
        return answer

    def commit(self, offset: int, partition: int = 0, epoch: int | None = None) -> None:
        self.on.groups.commit(
            self.who, "g", {("t", partition): Committed(offset)},
            member_id=self.says.member_id, generation=self.epoch if epoch is None else epoch,
        )  # fmt: skip


def settled(*members: Member) -> None:
    for _ in range(8):
        for member in members:
            member.beat()


@pytest.fixture
def on() -> WithTopics:
    return WithTopics()


def places(*numbers: int) -> list[tuple[str, int]]:
    return [("t", number) for number in numbers]


def test_the_first_member_has_all_at_once(on):
    one = Member(on, "one#1")
    answer = one.beat()
    assert (answer.epoch, answer.assignment) == (1, places(0, 1, 2, 3))
    assert on.since(Rebalanced)[-1].owners == {"one#1": [["t", n] for n in range(4)]}
    assert one.beat(topics=None).assignment is None


def test_a_member_that_is_behind_is_not_told_what_was_committed(on):
    one = Member(on, "one#1")
    one.beat()
    one.commit(7)
    me = one.says.member_id
    assert on.groups.committed("g", member_id=me, epoch=1) == {("t", 0): Committed(7)}
    with refused(Code.STALE_MEMBER_EPOCH):
        on.groups.committed("g", member_id=me, epoch=0)
    with refused(Code.UNKNOWN_MEMBER_ID):
        on.groups.committed("g", member_id="nobody", epoch=1)
    assert on.groups.committed("g") == {("t", 0): Committed(7)}, "an operator is no member"


def test_how_often_members_come_and_how_long_they_may_be_silent_can_be_set(on):
    on.groups.consumer_session, on.groups.consumer_interval = 8_000_000, 1_000_000
    one = Member(on, "one#1", on_rebalance=None)
    assert one.beat().interval == 1_000_000
    on.passes(7.9)
    assert on.groups.describe("g").members != []
    on.passes(0.2)
    assert on.groups.describe("g").members == []


def test_a_member_is_described_with_what_it_is_to_have(on):
    one, two = Member(on, "one#1", host="/10.0.0.7"), Member(on, "two#1")
    one.beat()
    two.beat()
    first, second = on.groups.describe("g").members
    assert (first.epoch, second.epoch, first.host) == (1, 2, "/10.0.0.7")
    assert first.assignment == places(0, 1, 2, 3)
    assert second.assignment == []
    assert sorted([*first.target, *second.target]) == places(0, 1, 2, 3)


def test_who_missed_an_answer_tells_all_and_hears_it_again(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    one.beat()
    two.beat()
    one.beat()
    one.beat()
    two.beat()  # its partitions, in an epoch that it knew before
    two.owned = []  # but that it did not hear
    assert two.beat(topics=None).assignment is None
    assert two.beat().assignment == places(0, 1)


def test_a_newcomer_gets_a_partition_when_its_owner_has_given_it_up(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    one.beat()
    assert two.beat().assignment == []
    assert two.epoch == 2
    assert one.told > 0
    answer = one.beat()
    assert (answer.epoch, answer.assignment) == (1, places(2, 3))
    assert two.beat(topics=None).assignment is None
    assert on.groups.describe("g").state == "Reconciling"
    answer = one.beat(topics=None)  # it does not own them any more
    assert (answer.epoch, answer.assignment) == (2, None)
    assert two.beat().assignment == places(0, 1)
    assert on.groups.describe("g").state == "Stable"


def test_members_whose_partitions_stay_go_on_through_it(on):
    one, two, three = (Member(on, f"{name}#1") for name in ("one", "two", "three"))
    settled(one, two)
    before = {name: set(member.owned) for name, member in {"one": one, "two": two}.items()}
    three.beat()
    settled(one, two, three)
    assert set(one.owned) <= before["one"]
    assert set(two.owned) <= before["two"]
    assert len(three.owned) == 1


def test_who_does_not_give_up_in_time_is_out(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    one.beat()
    two.beat()
    on.groups.consumer_heartbeat("g", replace(one.says, epoch=1, owned=None, topics=None))
    on.passes(20)
    assert on.since(LeftGroup)[-1].why == "rebalance timeout"
    assert two.beat().assignment == places(0, 1, 2, 3)
    with refused(Code.UNKNOWN_MEMBER_ID):
        one.beat()


def test_a_session_ends_and_the_others_take_over(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    settled(one, two)
    on.groups.keep_alive("g", "m-one#1", False)
    on.passes(44)
    assert on.since(LeftGroup) == []
    on.passes(1)
    assert on.since(LeftGroup)[-1].why == "session timeout"
    assert two.beat().assignment == places(0, 1, 2, 3)


def test_who_leaves_is_out_at_once(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    settled(one, two)
    one.epoch = -1
    assert one.beat().epoch == -1
    settled(two)
    assert two.owned == places(0, 1, 2, 3)


def test_another_epoch_than_its_own_fences_a_member(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    settled(one, two)
    before = on.groups.describe("g")
    for epoch in (one.epoch + 1, one.epoch - 1):
        beat = replace(one.says, epoch=epoch, owned=places(0, 1, 2, 3))
        with refused(Code.FENCED_MEMBER_EPOCH):
            on.groups.consumer_heartbeat("g", beat)
    assert on.groups.describe("g") == before


def test_who_was_fenced_joins_again_when_its_session_is_over(on):
    one = Member(on, "one#1")
    one.beat()
    one.says = replace(one.says, topics=["t", "u"])
    one.beat()
    on.passes(100)
    one.epoch, one.owned = 0, []
    with refused(Code.FENCED_MEMBER_EPOCH):
        one.beat()
    on.passes(45)
    assert one.beat().assignment == places(0, 1, 2, 3)


def test_who_missed_an_answer_is_told_again(on):
    one = Member(on, "one#1")
    one.beat()
    one.epoch, one.owned = 0, []
    assert one.beat().assignment == places(0, 1, 2, 3)
    assert one.epoch == 1


def test_a_topic_that_grows_is_shared_out(on):
    one = Member(on, "one#1")
    one.beat()
    on.topics["t"] = 5
    on.groups.topics_changed()
    assert one.told > 0
    assert one.beat().assignment == places(0, 1, 2, 3, 4)


def test_who_wishes_for_a_topic_no_more_gives_it_up(on):
    on.topics["u"] = 1
    one = Member(on, "one#1", "t u")
    one.beat()
    one.says = replace(one.says, topics=["u"])
    assert one.beat().assignment == [("u", 0)]
    one.beat()
    assert one.epoch == 2


def test_a_static_member_is_back_with_what_it_had(on):
    one, two = Member(on, "one#1", instance_id="1"), Member(on, "two#1", instance_id="2")
    settled(one, two)
    had, epoch = list(one.owned), one.epoch
    on.groups.consumer_heartbeat("g", replace(one.says, epoch=-2))
    back = Member(on, "one#2", instance_id="1")
    assert back.beat().assignment == had
    assert back.epoch == epoch
    assert two.beat(topics=None).assignment is None
    with refused(Code.FENCED_INSTANCE_ID):
        one.beat()


def test_a_static_member_may_come_back_under_its_old_member_id(on):
    one, two = Member(on, "one#1", instance_id="1"), Member(on, "two#1", instance_id="2")
    settled(one, two)
    had, epoch = list(one.owned), one.epoch
    on.groups.consumer_heartbeat("g", replace(one.says, epoch=-2))
    with refused(Code.FENCED_MEMBER_EPOCH):
        one.beat()
    with refused(Code.STALE_MEMBER_EPOCH):
        one.commit(1)
    one.epoch, one.owned = 0, []
    assert one.beat().assignment == had
    assert one.epoch == epoch


def test_a_static_member_that_has_not_left_is_not_replaced(on):
    one, other = Member(on, "one#1", instance_id="1"), Member(on, "other#1", instance_id="1")
    one.beat()
    with refused(Code.UNRELEASED_INSTANCE_ID):
        other.beat()
    on.groups.keep_alive("g", "m-one#1", False)
    on.passes(45)
    assert other.beat().assignment == places(0, 1, 2, 3)


def test_range_is_there_for_who_asks_for_it(on):
    on.topics["u"] = 2
    one, two = (Member(on, f"{n}#1", "t u", assignor="range") for n in ("one", "two"))
    settled(one, two)
    assert one.owned == [*places(0, 1), ("u", 0)]
    assert two.owned == [*places(2, 3), ("u", 1)]
    with refused(Code.UNSUPPORTED_ASSIGNOR):
        Member(on, "three#1", assignor="sticky").beat()


def test_a_commit_of_an_older_epoch_counts_only_for_what_it_had_since_then(on):
    one, two = Member(on, "one#1"), Member(on, "two#1")
    one.beat()
    two.beat()
    one.beat()
    one.beat()
    assert one.epoch == 2
    one.commit(5, partition=2, epoch=1)
    with refused(Code.STALE_MEMBER_EPOCH):
        one.commit(5, partition=0, epoch=1)
    with refused(Code.STALE_MEMBER_EPOCH):
        one.commit(5, partition=2, epoch=3)
    two.beat()
    two.commit(1, partition=0)
    assert on.groups.committed("g") == {("t", 2): Committed(5), ("t", 0): Committed(1)}
    assert [event.error for event in on.since(Fenced)] == ["STALE_MEMBER_EPOCH"] * 2


def test_in_a_transaction_it_is_called_an_illegal_generation(on):
    one = Member(on, "one#1")
    one.beat()
    with refused(Code.ILLEGAL_GENERATION):
        on.groups.commit_in_transaction(
            "one#1", "g", {("t", 0): Committed(1)}, producer_id=1, epoch=0,
            transactional_id="x", member_id="m-one#1", generation=7,
        )  # fmt: skip


def test_the_two_protocols_share_offsets_but_not_members(on):
    classic, modern = Client(on, "classic#1"), Member(on, "modern#1")
    stable(classic)
    classic.commit(5)
    with refused(Code.GROUP_ID_NOT_FOUND):
        modern.beat()
    on.groups.leave("g", classic.member_id)
    modern.beat()
    assert on.groups.committed("g") == {("t", 0): Committed(5)}
    classic.member_id = ""
    with refused(Code.INCONSISTENT_GROUP_PROTOCOL):
        classic.join()
    modern.epoch = -1
    modern.beat()
    stable(classic)
    assert on.groups.committed("g") == {("t", 0): Committed(5)}
    seen = [event.generation for event in on.since(Rebalanced)]
    assert seen == sorted(seen)


def test_a_broker_that_knows_no_topics_has_no_such_groups():
    with refused(Code.UNSUPPORTED_VERSION):
        Member(Coordinated(), "one#1").beat()


def test_who_joins_tells_what_it_wants(on):
    with refused(Code.INVALID_REQUEST):
        Member(on, "one#1", rebalance_timeout=None).beat()
    assert on.groups.list() == []
    with refused(Code.GROUP_ID_NOT_FOUND):
        one = Member(on, "one#1")
        one.epoch = 1
        one.beat()


MEMBERS = 4
wishes = st.sampled_from(["t", "t u", "u"])


class Reconciling(RuleBasedStateMachine):
    """Members that come, go, stall and change their minds: two never own one partition."""

    def __init__(self) -> None:
        super().__init__()
        self.on = WithTopics(t=4, u=2)
        self.started = 0
        self.members = [self.a_member() for _ in range(MEMBERS)]

    def a_member(self, topics: str = "t") -> Member:
        self.started += 1
        return Member(self.on, f"m#{self.started}", topics)

    @initialize(wish=wishes)
    def all_join(self, wish):
        self.members = [self.a_member(wish) for _ in range(MEMBERS)]
        settled(*self.members)

    @rule(place=st.integers(0, MEMBERS - 1), heard=st.booleans())
    def beats(self, place, heard):
        """Its answer may get lost."""
        member = self.members[place]
        before = member.epoch, member.owned
        code = refusal(member.beat)
        if code is not None:
            assert code in (
                Code.UNKNOWN_MEMBER_ID, Code.FENCED_MEMBER_EPOCH, Code.GROUP_ID_NOT_FOUND,
            )  # fmt: skip
            member.epoch, member.owned = 0, []
        elif not heard:
            member.epoch, member.owned = before

    @rule(deaf=st.integers(0, MEMBERS - 1), rounds=st.integers(1, 2))
    def all_beat(self, deaf, rounds):
        for _ in range(rounds):
            for place in range(MEMBERS):
                self.beats(place, heard=place != deaf)
                self.a_partition_has_at_most_one_owner()

    @rule(place=st.integers(0, MEMBERS - 1), wish=wishes)
    def wishes_for(self, place, wish):
        self.members[place].says = replace(self.members[place].says, topics=wish.split())

    @rule(place=st.integers(0, MEMBERS - 1), silent=st.booleans())
    def is_replaced(self, place, silent):
        old, self.members[place] = self.members[place], self.a_member()
        if silent:
            self.on.groups.keep_alive("g", old.says.member_id, False)
        else:
            refusal(lambda: self.on.groups.consumer_heartbeat("g", replace(old.says, epoch=-1)))

    @rule(seconds=st.sampled_from([1, 10, 21, 46]))
    def time_passes(self, seconds):
        self.on.passes(seconds)

    @rule(count=st.integers(1, 6))
    def a_topic_grows(self, count):
        self.on.topics["t"] = max(self.on.topics["t"], count)
        self.on.groups.topics_changed()

    @rule(place=st.integers(0, MEMBERS - 1), partition=st.integers(0, 3), back=st.integers(0, 3))
    def a_commit_counts_only_for_who_may_own_the_partition(self, place, partition, back):
        """Of an older epoch; of its own epoch a member may commit what it likes, as in Kafka."""
        member = self.members[place]
        epoch = member.epoch - back
        before = self.on.groups.committed("g")
        code = refusal(lambda: member.commit(self.started, partition, epoch))
        if code is not None:
            assert self.on.groups.committed("g") == before
        elif back and epoch >= 0:
            event = self.on.since(Rebalanced)[-1]
            assert ["t", partition] in event.owners[member.who]

    @invariant()
    def a_partition_has_at_most_one_owner(self):
        event = (self.on.since(Rebalanced) or [None])[-1]
        if event is not None:
            owned = [tuple(place) for its in event.owners.values() for place in its]
            assert len(owned) == len(set(owned))
        held = [
            place
            for member in self.members
            if any(m.member_id == member.says.member_id for m in self.described())
            for place in member.owned
        ]
        assert len(held) == len(set(held))

    def described(self):
        return self.on.groups.describe("g").members

    def teardown(self):
        """In the end all that anyone wishes for is shared out, evenly where all wish the same."""
        for _ in range(40):
            self.on.passes(5)
            for member in self.members:
                if refusal(member.beat) is not None:
                    member.epoch, member.owned = 0, []
        assert self.on.groups.describe("g").state == "Stable"
        read = {topic for member in self.members for topic in member.says.topics}
        held = sorted(place for member in self.members for place in member.owned)
        assert held == sorted((t, n) for t in read for n in range(self.on.topics[t]))
        if len({tuple(member.says.topics) for member in self.members}) == 1:
            sizes = [len(member.owned) for member in self.members]
            assert max(sizes) - min(sizes) <= 1


TestReconciling = Reconciling.TestCase
TestReconciling.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
