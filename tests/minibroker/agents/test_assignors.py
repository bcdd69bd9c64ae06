"""What each assignor gives to whom. Where a test says so, the expectation is what consumers of
librdkafka 2.16 did in the same situation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibroker.agents.assignors import Subscription, assign, names
from minibroker.agents.sticky import assign as assign_sticky


def told(topics="t", owned=(), generation=-1, instance_id=None):
    return Subscription(topics.split(), list(owned), generation), instance_id


def places(topic, *numbers):
    return [(topic, number) for number in numbers]


def sticky(topics, partitions, **owned):
    return assign(
        "cooperative-sticky",
        {member: told(topics, its, 1) for member, its in owned.items()},
        partitions,
    )


def test_range_gives_each_a_range_of_each_topic():
    members = {"b": told("t u"), "a": told("t u")}
    assert assign("range", members, {"t": 3, "u": 3}) == {
        "a": [*places("t", 0, 1), *places("u", 0, 1)],
        "b": [*places("t", 2), *places("u", 2)],
    }


def test_range_leaves_members_idle_that_are_more_than_partitions():
    members = {name: told() for name in "abc"}
    assert assign("range", members, {"t": 2}) == {
        "a": places("t", 0),
        "b": places("t", 1),
        "c": [],
    }


def test_roundrobin_deals_all_partitions_out_in_turn():
    members = {"a": told("t u"), "b": told("t u")}
    assert assign("roundrobin", members, {"t": 3, "u": 3}) == {
        "a": [*places("t", 0, 2), *places("u", 1)],
        "b": [*places("t", 1), *places("u", 0, 2)],
    }


def test_roundrobin_passes_over_who_does_not_read_a_topic():
    members = {"a": told("t"), "b": told("t u"), "c": told("u")}
    assert assign("roundrobin", members, {"t": 2, "u": 3}) == {
        "a": places("t", 0),
        "b": [*places("t", 1), *places("u", 1)],
        "c": places("u", 0, 2),
    }


@pytest.mark.parametrize("name", ["range", "roundrobin", "cooperative-sticky"])
def test_a_topic_that_is_not_there_gives_nothing(name):
    assert assign(name, {"a": told("t missing")}, {"t": 1, "unread": 4}) == {"a": places("t", 0)}


def test_static_members_keep_their_places_under_new_member_ids():
    before = {"x": told(instance_id="1"), "y": told(instance_id="2")}
    after = {"z": told(instance_id="1"), "y": told(instance_id="2")}
    assert assign("range", before, {"t": 2})["x"] == assign("range", after, {"t": 2})["z"]


def test_the_first_to_come_has_all():
    assert sticky("t", {"t": 4}, a=[]) == {"a": places("t", 0, 1, 2, 3)}


def test_what_goes_to_another_is_given_up_first():
    assert sticky("t", {"t": 4}, a=places("t", 0, 1, 2, 3), b=[]) == {
        "a": places("t", 2, 3),
        "b": [],
    }
    assert sticky("t", {"t": 4}, a=places("t", 2, 3), b=[]) == {
        "a": places("t", 2, 3),
        "b": places("t", 0, 1),
    }


def test_two_newcomers_get_what_librdkafka_gives_them():
    assert sticky("t", {"t": 4}, a=places("t", 2, 3), b=[], c=[]) == {
        "a": places("t", 2, 3),
        "b": places("t", 1),
        "c": places("t", 0),
    }


def test_the_fourth_of_a_group_takes_what_librdkafka_takes():
    owned = {
        "a": places("u", 1, 2, 3),
        "b": places("t", 1, 2, 3),
        "c": [("t", 0), ("u", 0)],
        "d": [],
    }
    assert sticky("t u", {"t": 4, "u": 4}, **owned) == {
        "a": places("u", 2, 3),
        "b": places("t", 2, 3),
        "c": [("t", 0), ("u", 0)],
        "d": [],
    }


def test_who_stays_keeps_what_it_has_when_another_leaves():
    after = sticky("t", {"t": 6}, a=places("t", 0, 1), c=places("t", 4, 5))
    assert set(places("t", 0, 1)) < set(after["a"])
    assert set(places("t", 4, 5)) < set(after["c"])


@pytest.mark.parametrize("later", ["a", "b"])
def test_of_two_that_claim_a_partition_the_later_generation_has_it(later):
    earlier = "b" if later == "a" else "a"
    owned = {
        earlier: (places("t", 0, 1), 3),
        later: (places("t", 0, 2), 5),
    }
    given = assign_sticky(dict(sorted(owned.items())), {"t": ["a", "b"]}, {"t": 3})
    assert given == {earlier: places("t", 1), later: places("t", 0, 2)}


def test_a_partition_that_two_claim_in_one_generation_is_nobodys():
    claims = told(owned=places("t", 0), generation=3)
    members = {"a": claims, "b": claims}
    assert assign("cooperative-sticky", members, {"t": 1}) == {"a": [], "b": []}


def test_who_reads_a_topic_no_more_gives_its_partitions_up():
    members = {"a": told("u", places("t", 0), 1), "b": told("t")}
    assert assign("cooperative-sticky", members, {"t": 1, "u": 1}) == {
        "a": places("u", 0),
        "b": [],
    }


def test_strategies_are_named_in_order_of_preference():
    assert names("roundrobin, range") == ["roundrobin", "range"]
    assert names("cooperative-sticky") == ["cooperative-sticky"]


def test_a_strategy_that_librdkafka_does_not_have_is_refused():
    with pytest.raises(ValueError, match=r"Unsupported partition\.assignment\.strategy: sticky"):
        names("range,sticky")


def test_eager_and_cooperative_do_not_mix():
    with pytest.raises(ValueError, match="must have the same protocol type"):
        names("range,cooperative-sticky")


topics = st.dictionaries(st.sampled_from("tuvw"), st.integers(1, 6), min_size=1)


@st.composite
def groups(draw):
    there = draw(topics)
    wish = st.lists(st.sampled_from(sorted(there)), min_size=1, unique=True)
    same = draw(wish) if draw(st.booleans()) else None
    members = draw(st.sets(st.sampled_from("abcdef"), min_size=1))
    return there, {member: same or draw(wish) for member in sorted(members)}


@given(groups(), st.sampled_from(["range", "roundrobin", "cooperative-sticky"]))
@settings(deadline=None)
def test_each_partition_that_is_read_goes_to_one_who_reads_it(group, name):
    there, wishes = group
    given = assign(name, {m: (Subscription(wish), None) for m, wish in wishes.items()}, there)
    read = {topic for wish in wishes.values() for topic in wish}
    assert sorted(place for its in given.values() for place in its) == sorted(
        (topic, number) for topic in read for number in range(there[topic])
    )
    assert all(topic in wishes[member] for member, its in given.items() for topic, _ in its)


@given(groups(), groups())
@settings(deadline=None)
def test_a_cooperative_group_comes_to_rest_and_nobody_gets_what_another_has(before, after):
    there = before[0] | after[0]
    owned: dict[str, list[tuple[str, int]]] = {}
    for wishes in (before[1], after[1]):
        owned = {  # who does not read a topic any more gives it up before it joins again
            member: [place for place in owned.get(member, []) if place[0] in wish]
            for member, wish in wishes.items()
        }
        for generation in range(4):
            members = {
                member: (Subscription(wish, owned[member], generation), None)
                for member, wish in wishes.items()
            }
            given = assign("cooperative-sticky", members, there)
            for member, its in given.items():
                others = {p for other in owned if other != member for p in owned[other]}
                assert not others & set(its), "it was given to nobody before it was given up"
            if given == owned:
                break
            owned = given
        else:
            raise AssertionError(f"still moving: {owned}")
        if len({tuple(sorted(wish)) for wish in wishes.values()}) == 1:
            sizes = [len(its) for its in owned.values()]
            assert max(sizes) - min(sizes) <= 1
