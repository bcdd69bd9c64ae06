"""Lost publication: an event is in the store, and the topic never told of it."""

from graders.judges.lost_publication import find, unshown
from minibroker.sim.trace import Interrupted
from tests.graders.judges.store import ADDED, PAID, PLACED, appended, ended, store_of, told


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*events))]  # type: ignore[arg-type]


def test_every_event_that_was_published_is_known() -> None:
    assert sentences(appended(PLACED, ADDED), told(PLACED), told(ADDED), told(PLACED)) == []


def test_an_event_that_was_committed_and_never_published_is_lost() -> None:
    [found] = find(store_of(appended(PLACED), told(PLACED), appended(ADDED)))
    assert found.anomaly == "lost_publication"
    assert found.sentence == (
        "handle-1#1 committed item_added as event 2 of order-1, and order-events was never told of "
        "it"
    )
    assert found.events == (3,)


def test_an_order_is_named_once_however_many_are_missing() -> None:
    [two] = sentences(appended(PLACED, ADDED, PAID), told(PLACED))
    assert two.endswith("was never told of it, nor of another one")
    [three] = sentences(appended(PLACED, ADDED, PAID))
    assert three.endswith("was never told of it, nor of 2 others")


def test_a_record_in_a_transaction_that_was_not_committed_is_not_there() -> None:
    told_in = told(PLACED, transaction="relay")
    assert len(sentences(appended(PLACED), told_in)) == 1
    assert len(sentences(appended(PLACED), told_in, ended("relay", "aborted"))) == 1
    assert sentences(appended(PLACED), told_in, ended("relay", "committed")) == []


def test_what_is_committed_while_all_is_being_stopped_is_nobodys_to_publish() -> None:
    stopped = Interrupted(at=0, who="relay#1", number=7)
    assert sentences(appended(PLACED), told(PLACED), stopped, appended(ADDED)) == []
    assert len(sentences(appended(PLACED), stopped, appended(ADDED))) == 1


def test_nothing_is_shown_without_an_event() -> None:
    assert unshown(store_of(appended(PLACED))) == ""
    assert unshown(store_of()) != ""
