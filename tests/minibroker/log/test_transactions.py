"""Transactions on one broker: who may write, what is seen, and how they end."""

import pytest

from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Committed
from minibroker.sim.trace import (
    Appended,
    Fenced,
    OffsetsCommitted,
    TransactionBegan,
    TransactionEnded,
)
from tests.minibroker.log.brokers import TOPIC, Brokers, Producer, refusal


def ended(brokers):
    return [(e.who, e.how, e.why) for e in brokers.of(TransactionEnded)]


def test_what_is_committed_is_seen_from_the_commit_on():
    brokers = Brokers(partitions=2)
    producer = Producer(brokers)
    producer.adds(0, 1)
    producer.sends(b"one")
    producer.sends(b"two", partition=1)
    assert brokers.read(read_committed=True) == []
    assert brokers.read() == [b"one"], "read_uncommitted sees what is open"
    producer.ends()
    assert brokers.read(read_committed=True) == [b"one"]
    assert brokers.read(read_committed=True, partition=1) == [b"two"]
    assert [e.transaction for e in brokers.of(Appended)] == ["shop", "shop"]
    assert [e.transaction for e in brokers.of(TransactionBegan)] == ["shop"]
    assert ended(brokers) == [("producer#1", "committed", "asked")]


def test_what_is_aborted_is_never_seen_by_who_reads_committed():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.transacts(b"one", commit=False)
    producer.transacts(b"two")
    assert brokers.read(read_committed=True) == [b"two"]
    assert brokers.read() == [b"one", b"two"]


def test_a_record_of_nobodys_transaction_waits_behind_an_open_one():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    brokers.send(b"two")
    assert brokers.read(read_committed=True) == []
    producer.ends(commit=False)
    assert brokers.read(read_committed=True) == [b"two"]


def test_a_record_of_an_open_transaction_is_not_found_by_its_time():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    found = [
        brokers.cluster.offset_for(TOPIC, 0, 0, read_committed=committed)[0]
        for committed in (False, True)
    ]
    assert found == [0, -1]


def test_a_new_producer_of_the_same_id_aborts_what_is_open_and_fences_the_old_one():
    brokers = Brokers()
    zombie = Producer(brokers)
    zombie.adds(0)
    zombie.sends(b"half")
    heir = Producer(brokers, who="producer#2")
    assert heir.id == zombie.id
    assert heir.epoch > zombie.epoch
    assert ended(brokers) == [("producer#2", "aborted", "fenced")]
    before = len(brokers.of(Appended))
    assert refusal(lambda: zombie.sends(b"late")) is Code.INVALID_PRODUCER_EPOCH
    assert refusal(lambda: zombie.adds(0)) is Code.PRODUCER_FENCED
    assert refusal(zombie.ends) is Code.PRODUCER_FENCED
    assert len(brokers.of(Appended)) == before
    assert [(e.who, e.what, e.error) for e in brokers.of(Fenced)] == [
        ("producer#1", "produce", "INVALID_PRODUCER_EPOCH"),
        ("producer#1", "add partitions", "PRODUCER_FENCED"),
        ("producer#1", "end", "PRODUCER_FENCED"),
    ]
    heir.transacts(b"whole")
    assert brokers.read(read_committed=True) == [b"whole"]


def test_partitions_of_an_aborted_transaction_know_the_new_epoch_themselves():
    brokers = Brokers()
    zombie = Producer(brokers)
    zombie.adds(0)
    zombie.sends(b"half")
    Producer(brokers, who="producer#2")
    plain = lambda: brokers.send(  # noqa: E731
        b"late", producer_id=zombie.id, producer_epoch=zombie.epoch, base_sequence=1
    )
    assert refusal(plain) is Code.INVALID_PRODUCER_EPOCH


def test_a_transaction_that_is_not_ended_in_time_is_aborted_and_its_producer_fenced():
    brokers = Brokers()
    producer = Producer(brokers, timeout_us=10_000_000)
    producer.adds(0)
    producer.sends(b"one")
    brokers.passes(9.9)
    assert ended(brokers) == []
    brokers.passes(0.1)
    assert ended(brokers) == [("broker", "aborted", "timeout")]
    assert refusal(producer.ends) is Code.PRODUCER_FENCED
    assert brokers.pending == []


def test_the_timer_of_a_transaction_that_ended_does_not_end_the_next():
    brokers = Brokers()
    producer = Producer(brokers, timeout_us=10_000_000)
    producer.transacts(b"one")
    brokers.passes(6)
    producer.adds(0)
    assert len(brokers.pending) == 1, "one timer is enough for a transactional id"
    brokers.passes(9)
    producer.ends()
    brokers.passes(60)
    assert ended(brokers) == [("producer#1", "committed", "asked")] * 2


def test_a_partition_must_be_added_before_it_is_written_to():
    brokers = Brokers(partitions=2)
    producer = Producer(brokers)
    assert refusal(lambda: producer.sends(b"one")) is Code.INVALID_TXN_STATE
    producer.adds(0)
    assert refusal(lambda: producer.sends(b"one", partition=1)) is Code.INVALID_TXN_STATE
    assert refusal(lambda: producer.adds(2)) is Code.UNKNOWN_TOPIC_OR_PARTITION


def test_a_late_batch_of_a_transaction_that_has_ended_cannot_leave_one_open():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.transacts(b"one")
    assert refusal(lambda: producer.sends(b"late")) is Code.INVALID_TXN_STATE
    assert brokers.cluster.fetch(TOPIC, 0, 0).last_stable_offset == 2


def test_asking_again_for_the_same_end_is_no_error_and_for_another_one_is():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.transacts(b"one")
    producer.ends()
    assert refusal(lambda: producer.ends(commit=False)) is Code.INVALID_TXN_STATE
    assert len(ended(brokers)) == 1


def test_there_is_nothing_to_end_before_anything_was_added():
    producer = Producer(Brokers())
    assert refusal(producer.ends) is Code.INVALID_TXN_STATE
    assert refusal(lambda: producer.ends(commit=False)) is Code.INVALID_TXN_STATE


def test_in_transaction_version_2_each_end_raises_the_epoch():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    before = producer.me()
    producer.ends(bump=True)
    assert (producer.id, producer.epoch) == (before[2], before[3] + 1)
    again = brokers.transactions.end(*before, True, bump=True)
    assert again == (producer.id, producer.epoch), "the answer was lost, and the client asks again"
    late = lambda: brokers.send(  # noqa: E731
        b"late",
        producer_id=before[2],
        producer_epoch=before[3],
        base_sequence=1,
        transactional=True,
    )
    assert refusal(late) is Code.INVALID_PRODUCER_EPOCH
    producer.transacts(b"two")
    assert brokers.read(read_committed=True) == [b"one", b"two"]


def test_in_transaction_version_2_even_an_abort_of_nothing_raises_the_epoch():
    producer = Producer(Brokers())
    producer.ends(commit=False, bump=True)
    assert producer.epoch == 1
    assert refusal(lambda: producer.ends(bump=True)) is Code.INVALID_TXN_STATE


def test_a_producer_without_a_transactional_id_gets_an_id_of_its_own():
    transactions = Brokers().transactions
    first, second = transactions.init_producer("a"), transactions.init_producer("b")
    assert first[1] == second[1] == 0
    assert first[0] != second[0]


def test_a_producer_that_names_its_id_gets_the_next_epoch_and_a_fenced_one_is_refused():
    brokers = Brokers()
    producer = Producer(brokers)
    init = brokers.transactions.init_producer
    known = {"producer_id": producer.id, "epoch": producer.epoch}
    renewed = init("producer#1", "shop", **known)
    assert renewed == (producer.id, producer.epoch + 1)
    assert init("producer#1", "shop", **known) == renewed, "it asks again"
    producer.id, producer.epoch = renewed
    producer.transacts(b"one")
    fenced = lambda: init("producer#1", "shop", **known)  # noqa: E731
    assert refusal(fenced) is Code.PRODUCER_FENCED, "it is another that asks"
    Producer(brokers, who="producer#2")
    assert refusal(fenced) is Code.PRODUCER_FENCED
    assert [event.what for event in brokers.of(Fenced)] == ["init", "init"]


@pytest.mark.parametrize("timeout", [0, 900_000_001])
def test_a_transaction_may_take_fifteen_minutes_at_most(timeout):
    init = Brokers().transactions.init_producer
    code = refusal(lambda: init("p", "shop", timeout))
    assert code is Code.INVALID_TRANSACTION_TIMEOUT


def test_an_unknown_producer_is_refused():
    transactions = Brokers().transactions
    ask = lambda: transactions.end("p", "shop", 1, 0, True)  # noqa: E731
    assert refusal(ask) is Code.INVALID_PRODUCER_ID_MAPPING


def test_when_its_epochs_are_used_up_a_transactional_id_gets_another_producer_id():
    brokers = Brokers()
    producer = Producer(brokers)
    brokers.transactions.describe("shop").epoch = 2**15 - 2
    producer.epoch = 2**15 - 2
    producer.transacts(b"one")
    heir = Producer(brokers)
    assert (heir.id, heir.epoch) == (producer.id + 1, 0)
    heir.transacts(b"two")
    assert brokers.read(read_committed=True) == [b"one", b"two"]
    assert refusal(lambda: producer.sends(b"late")) is Code.INVALID_PRODUCER_ID_MAPPING


def test_a_topic_that_is_deleted_does_not_hold_up_the_end_of_a_transaction():
    brokers = Brokers()
    brokers.cluster.create_topic("bills")
    producer = Producer(brokers)
    brokers.transactions.add_partitions(*producer.me(), [("bills", 0), (TOPIC, 0)])
    brokers.cluster.delete_topic("bills")
    producer.ends()
    assert brokers.transactions.describe("shop").state == "CompleteCommit"


def position(brokers, **options):
    found = brokers.cluster.groups.committed("billing", **options)
    return {place: committed.offset for place, committed in found.items()}


@pytest.mark.parametrize("commit", [True, False])
def test_offsets_that_go_with_a_transaction_count_if_it_commits(commit):
    brokers = Brokers()
    producer = Producer(brokers)
    brokers.transactions.add_offsets(*producer.me(), "billing")
    brokers.transactions.commit_offsets(*producer.me(), "billing", {(TOPIC, 0): Committed(7)})
    assert position(brokers) == {}
    unstable = lambda: position(brokers, partitions=[(TOPIC, 0)], require_stable=True)  # noqa: E731
    assert refusal(unstable) is Code.UNSTABLE_OFFSET_COMMIT
    producer.ends(commit)
    assert position(brokers) == ({(TOPIC, 0): 7} if commit else {})
    assert [e.transaction for e in brokers.of(OffsetsCommitted)] == ["shop"]
    assert [type(e) for e in brokers.trace] == [
        TransactionBegan,
        OffsetsCommitted,
        TransactionEnded,
    ]


def test_a_fenced_producer_commits_no_offsets():
    brokers = Brokers()
    zombie = Producer(brokers)
    brokers.transactions.add_offsets(*zombie.me(), "billing")
    heir = Producer(brokers, who="producer#2")
    commit = brokers.transactions.commit_offsets
    late = lambda: commit(*zombie.me(), "billing", {(TOPIC, 0): Committed(7)})  # noqa: E731
    assert refusal(late) is Code.INVALID_PRODUCER_EPOCH
    assert [(e.who, e.what) for e in brokers.of(Fenced)] == [("producer#1", "commit")]
    brokers.transactions.add_offsets(*heir.me(), "billing")
    heir.ends()
    assert position(brokers) == {}


def test_a_group_must_be_added_before_its_offsets_are_committed():
    brokers = Brokers()
    producer = Producer(brokers)
    producer.adds(0)
    early = lambda: brokers.transactions.commit_offsets(  # noqa: E731
        *producer.me(), "billing", {(TOPIC, 0): Committed(7)}
    )
    assert refusal(early) is Code.INVALID_TXN_STATE


def test_a_deleted_topic_leaves_no_positions():
    brokers = Brokers()
    brokers.cluster.groups.commit("tool", "billing", {(TOPIC, 0): Committed(7)})
    brokers.cluster.delete_topic(TOPIC)
    assert position(brokers) == {}


def test_what_was_added_to_one_transaction_must_be_added_to_the_next_again():
    brokers = Brokers(partitions=2)
    producer = Producer(brokers)
    brokers.transactions.add_offsets(*producer.me(), "billing")
    producer.transacts(b"one")
    producer.adds(1)
    assert refusal(lambda: producer.sends(b"two")) is Code.INVALID_TXN_STATE
    commit = lambda: brokers.transactions.commit_offsets(  # noqa: E731
        *producer.me(), "billing", {(TOPIC, 0): Committed(7)}
    )
    assert refusal(commit) is Code.INVALID_TXN_STATE


def test_what_is_written_to_is_added_if_the_producer_has_it_so():
    brokers = Brokers(partitions=2)
    producer = Producer(brokers)
    place = (TOPIC, 1)
    brokers.transactions.check(producer.id, 0, "shop", place, "producer#1")
    assert [e.transaction for e in brokers.of(TransactionBegan)] == ["shop"]
    assert list(brokers.transactions.describe("shop").partitions) == [place]
    producer.ends(bump=True)
    brokers.transactions.commit_offsets(*producer.me(), "g", {(TOPIC, 0): Committed(7)}, add=True)
    producer.ends(bump=True)
    assert brokers.cluster.groups.committed("g")[(TOPIC, 0)].offset == 7


def test_a_batch_that_is_late_begins_no_transaction():
    brokers = Brokers()
    producer = Producer(brokers)
    late = producer.id, producer.epoch
    producer.adds(0)
    producer.ends(bump=True)
    with pytest.raises(LogError) as refused:
        brokers.transactions.check(*late, "shop", (TOPIC, 0), "producer#1")
    assert refused.value.code is Code.INVALID_PRODUCER_EPOCH
    assert len(brokers.of(TransactionBegan)) == 1
    assert brokers.transactions.describe("shop").state == "CompleteCommit"
