"""Partial append: somebody could read one event of a command without the other."""

from graders.judges.partial_append import find, unshown
from tests.graders.judges.store import ADDED, PAID, PLACED, appended, event, store_of

BACK, GONE = event(4, "refunded"), event(5, "cancelled")
BEFORE = appended(PLACED, ADDED, PAID)


def test_two_events_in_one_commit_are_seen_together() -> None:
    assert find(store_of(BEFORE, appended(BACK, GONE))) == []


def test_two_events_in_two_commits_can_be_seen_apart() -> None:
    [found] = find(store_of(BEFORE, appended(BACK), appended(GONE)))
    assert found.anomaly == "partial_append"
    assert found.sentence == (
        "handle-1#1 committed order-1 as refunded without cancelled, the other event of cancel-1"
    )
    assert found.events == (2,)


def test_a_crash_between_two_commits_makes_it_last() -> None:
    assert len(find(store_of(BEFORE, appended(BACK)))) == 1


def test_a_command_with_one_event_has_no_parts() -> None:
    assert find(store_of(appended(PLACED), appended(event(2, "cancelled")))) == []


def test_a_stream_that_breaks_the_rules_is_judged_elsewhere() -> None:
    assert find(store_of(appended(PLACED), appended(event(2, "refunded")))) == []


def test_nothing_is_shown_without_a_command_of_two_events() -> None:
    assert unshown(store_of(BEFORE, appended(BACK, GONE))) == ""
    assert unshown(store_of(BEFORE)) == (
        "no command ever had two events, so none could be appended in part"
    )
