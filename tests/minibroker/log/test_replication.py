"""Several brokers: what followers copy, who leads when brokers go, and what is lost."""

import pytest

from minibroker.log.errors import Code
from minibroker.sim.trace import (
    Appended,
    BrokerStarted,
    BrokerStopped,
    IsrChanged,
    LeaderChanged,
    LogTruncated,
)
from tests.minibroker.log.brokers import TOPIC, Brokers, Producer, refusal


def lost(brokers):
    """The values of the records that the trace says are gone."""
    values = {event.message: event.value for event in brokers.of(Appended)}
    return [values[number] for event in brokers.of(LogTruncated) for number in event.lost]


def leaders(brokers):
    return [(e.leader, e.epoch, e.isr, e.clean) for e in brokers.of(LeaderChanged)]


def copies(brokers):
    """How many records each broker has."""
    (partition,) = brokers.cluster._topics[TOPIC]
    return {broker: log.end for broker, log in partition.logs.items()}


def test_a_leaders_records_come_to_its_followers_and_are_read_only_then():
    brokers = Brokers(3)
    brokers.send(b"one")
    assert copies(brokers) == {1: 1, 2: 0, 3: 0}
    assert brokers.read() == []
    brokers.passes(0.0005)
    assert copies(brokers) == {1: 1, 2: 1, 3: 1}
    assert brokers.read() == [], "the leader learns of it by the next fetch"
    brokers.passes(0.0005)
    assert brokers.read() == [b"one"]


def test_acks_all_is_answered_when_all_in_sync_have_the_record():
    brokers = Brokers(3)
    answer = brokers.send(b"one")
    brokers.passes(0.0009)
    assert not answer.done
    brokers.passes(0.0001)
    assert answer.get().base_offset == 0


def test_a_cluster_comes_to_rest():
    brokers = Brokers(3)
    brokers.send(b"one", acks=1)
    brokers.passes(1)
    assert brokers.pending == []


def test_listeners_hear_when_the_replicas_have_it():
    brokers = Brokers(3)
    heard = []
    brokers.cluster.on_change(lambda: heard.append((brokers.clock.now, brokers.read())))
    brokers.send(b"one")
    brokers.passes(1)
    assert heard == [(1_000, [b"one"])]


def test_acks_1_loses_what_no_follower_had_fetched_when_the_leader_went():
    brokers = Brokers(3)
    brokers.send(b"safe")
    brokers.passes(1)
    assert brokers.send(b"acknowledged", acks=1).get().base_offset == 1
    brokers.cluster.stop(1)
    assert leaders(brokers) == [(2, 1, [2, 3], True)]
    brokers.send(b"another")
    brokers.passes(1)
    assert brokers.read() == [b"safe", b"another"]
    assert lost(brokers) == []
    brokers.cluster.start(1)
    assert lost(brokers) == [b"acknowledged"]
    brokers.passes(1)
    assert brokers.info().isr == (1, 2, 3)
    assert copies(brokers) == {1: 2, 2: 2, 3: 2}
    assert brokers.read() == [b"safe", b"another"]


def test_acks_all_keeps_what_it_acknowledged_whoever_leads():
    brokers = Brokers(3)
    answer = brokers.send(b"one")
    brokers.passes(1)
    assert answer.get()
    brokers.cluster.stop(1)
    assert brokers.info().leader == 2
    brokers.cluster.stop(2)
    assert brokers.info().leader == 3
    assert brokers.read() == [b"one"]


def test_who_waits_for_acks_all_is_told_that_the_leader_has_changed():
    brokers = Brokers(3)
    answer = brokers.send(b"one")
    brokers.passes(0.0005)  # the followers have it, but the leader does not know
    brokers.cluster.stop(1)
    assert refusal(lambda: answer) is Code.NOT_LEADER_OR_FOLLOWER
    brokers.passes(1)
    assert brokers.read() == [b"one"], "and yet it was kept: only an idempotent retry is safe"


def test_an_idempotent_retry_with_the_next_leader_is_recognized():
    brokers = Brokers(3)
    header = {"producer_id": 9, "producer_epoch": 0, "base_sequence": 0}
    brokers.send(b"one", **header)
    brokers.passes(0.0005)
    brokers.cluster.stop(1)
    again = brokers.send(b"one", **header)
    brokers.passes(1)
    assert again.get().base_offset == 0
    assert brokers.read() == [b"one"]


def test_unclean_election_loses_what_the_others_had_not():
    brokers = Brokers(2, unclean_leader_election_enable="true")
    brokers.send(b"one")
    brokers.passes(1)
    brokers.cluster.stop(2)
    answer = brokers.send(b"acknowledged by all in sync, which is broker 1")
    assert answer.get().base_offset == 1
    brokers.cluster.stop(1)
    assert brokers.info().leader == -1, "broker 2 is down as well"
    brokers.cluster.start(2)
    assert leaders(brokers)[-1] == (2, 2, [2], False)
    assert brokers.read() == [b"one"]
    brokers.send(b"two")
    brokers.cluster.start(1)
    brokers.passes(1)
    assert lost(brokers) == [b"acknowledged by all in sync, which is broker 1"]
    assert copies(brokers) == {1: 2, 2: 2}
    assert brokers.read() == [b"one", b"two"]


def test_without_unclean_election_the_partition_waits_for_who_has_all():
    brokers = Brokers(2)
    brokers.send(b"one")
    brokers.passes(1)
    brokers.cluster.stop(2)
    brokers.send(b"two")
    brokers.cluster.stop(1)
    brokers.cluster.start(2)
    assert refusal(lambda: brokers.send(b"three")) is Code.LEADER_NOT_AVAILABLE
    assert refusal(brokers.read) is Code.LEADER_NOT_AVAILABLE
    assert (brokers.info().isr, brokers.info().elr) == ((), (1,))
    brokers.cluster.start(1)
    brokers.passes(1)
    assert brokers.read() == [b"one", b"two"]
    assert brokers.info().isr == (1, 2)


def test_turning_unclean_election_on_lets_a_partition_go_on_without_its_last_leader():
    brokers = Brokers(2)
    brokers.cluster.stop(2)
    brokers.send(b"one")
    brokers.cluster.stop(1)
    brokers.cluster.start(2)
    assert brokers.info().leader == -1
    brokers.cluster.alter_config(TOPIC, {"unclean.leader.election.enable": "true"})
    assert brokers.info().leader == 2
    assert brokers.read() == []


def test_too_few_in_sync_and_nothing_is_appended_with_acks_all():
    brokers = Brokers(3, min_insync_replicas=2)
    brokers.cluster.stop(2)
    brokers.send(b"one")
    brokers.passes(1)
    assert brokers.read() == [b"one"]
    brokers.cluster.stop(3)
    assert refusal(lambda: brokers.send(b"two")) is Code.NOT_ENOUGH_REPLICAS
    assert [event.value for event in brokers.of(Appended)] == [b"one"]


def test_too_few_in_sync_and_acks_1_is_taken_but_not_shown():
    brokers = Brokers(2, min_insync_replicas=2)
    brokers.cluster.stop(2)
    assert brokers.send(b"one", acks=1).get().base_offset == 0
    brokers.passes(1)
    assert brokers.read() == [], "nothing is committed with too few in sync (KIP-966)"
    brokers.cluster.start(2)
    brokers.passes(1)
    assert brokers.read() == [b"one"]


def test_who_dropped_out_last_may_lead_only_while_nothing_can_be_committed_without_it():
    """Eligible leader replicas, KIP-966."""
    brokers = Brokers(3, min_insync_replicas=2)
    brokers.cluster.stop(2)
    brokers.cluster.stop(3)
    assert (brokers.info().isr, brokers.info().elr) == ((1,), (3,))
    brokers.cluster.start(2)
    brokers.passes(1)
    assert (brokers.info().isr, brokers.info().elr) == ((1, 2), ())
    brokers.send(b"one")
    brokers.passes(1)
    brokers.cluster.stop(2)
    brokers.cluster.stop(1)
    assert (brokers.info().isr, brokers.info().elr) == ((), (1, 2))
    brokers.cluster.start(3)
    assert brokers.info().leader == -1
    brokers.cluster.start(2)
    brokers.passes(1)
    assert (brokers.info().leader, brokers.info().isr) == (2, (2, 3))
    assert brokers.read() == [b"one"]


def test_a_record_that_was_appended_when_the_isr_shrank_below_the_minimum_times_out():
    brokers = Brokers(2, min_insync_replicas=2)
    answer = brokers.send(b"one")
    brokers.cluster.stop(2)
    brokers.passes(29.9)
    assert not answer.done
    brokers.passes(0.1)
    assert refusal(lambda: answer) is Code.REQUEST_TIMED_OUT
    brokers.cluster.start(2)
    brokers.passes(1)
    assert brokers.read() == [b"one"], "it had been appended all the same"


def test_a_minimum_above_the_number_of_replicas_is_that_number():
    brokers = Brokers(1, min_insync_replicas=2)
    assert brokers.send(b"one").get()
    assert brokers.read() == [b"one"]


def test_requests_that_wait_need_one_timer_a_partition():
    brokers = Brokers(2)
    brokers.cluster.cut_off(2)
    first = brokers.send(b"one")
    brokers.passes(1)
    second = brokers.send(b"two")
    assert len(brokers.pending) == 2, "the timeout's, and the session's of broker 2"
    brokers.passes(7.9)
    assert not first.done
    brokers.passes(0.1)
    assert first.get()
    assert second.get()
    brokers.passes(60)
    assert brokers.pending == []


def test_each_request_waits_for_as_long_as_it_asked():
    brokers = Brokers(2, min_insync_replicas=2)
    long, short = (
        brokers.cluster.produce("p", TOPIC, 0, brokers.records(b"one"), -1, timeout_us=span)
        for span in (20_000_000, 5_000_000)
    )
    brokers.cluster.stop(2)
    brokers.passes(5)
    assert refusal(lambda: short) is Code.REQUEST_TIMED_OUT
    assert not long.done
    brokers.passes(15)
    assert refusal(lambda: long) is Code.REQUEST_TIMED_OUT


def test_followers_hear_what_is_committed_when_one_that_lagged_has_left():
    brokers = Brokers(3)
    brokers.cluster.cut_off(3)
    brokers.send(b"one")
    brokers.passes(1)
    brokers.cluster.stop(3)
    brokers.passes(0.0005)
    (partition,) = brokers.cluster._topics[TOPIC]
    assert [partition.logs[broker].high_watermark for broker in (1, 2)] == [1, 1]


def test_a_broker_that_is_cut_off_is_given_up_when_its_session_is_over():
    brokers = Brokers(3)
    brokers.cluster.cut_off(1)
    zombie = brokers.send(b"to a leader that nobody hears", acks=1)
    assert zombie.get().base_offset == 0
    hopeless = brokers.send(b"waits")
    brokers.passes(8.9)
    assert brokers.info().leader == 1
    brokers.passes(0.1)
    assert leaders(brokers) == [(2, 1, [2, 3], True)]
    brokers.send(b"two")
    brokers.send(b"three")
    brokers.passes(1)
    assert not hopeless.done, "the old leader does not know, and the new one knows nothing of it"
    brokers.cluster.rejoin(1)
    assert refusal(lambda: hopeless) is Code.NOT_LEADER_OR_FOLLOWER
    assert lost(brokers) == [b"to a leader that nobody hears", b"waits"]
    brokers.passes(1)
    assert brokers.read() == [b"two", b"three"]
    assert brokers.info().isr == (1, 2, 3)


def test_a_broker_that_is_back_in_time_catches_up_and_nothing_else_happens():
    brokers = Brokers(3)
    brokers.cluster.cut_off(1)
    answer = brokers.send(b"one")
    brokers.passes(5)
    assert not answer.done
    brokers.cluster.rejoin(1)
    brokers.passes(1)
    assert answer.get().base_offset == 0
    brokers.passes(60)
    assert leaders(brokers) == []
    assert [type(e) for e in brokers.trace if not isinstance(e, Appended)] == [
        BrokerStopped,
        BrokerStarted,
    ]


def test_a_session_that_began_anew_is_not_ended_by_the_timer_of_the_one_before():
    brokers = Brokers(2)
    brokers.cluster.cut_off(2)
    brokers.passes(5)
    brokers.cluster.rejoin(2)
    brokers.cluster.cut_off(2)
    brokers.passes(8)
    assert brokers.info().isr == (1, 2)
    brokers.passes(1)
    assert brokers.info().isr == (1,)


def test_a_follower_is_in_sync_again_when_it_has_all_that_is_committed():
    brokers = Brokers(2)
    brokers.cluster.stop(2)
    brokers.send(b"one")
    brokers.cluster.start(2)
    assert brokers.info().isr == (1,)
    brokers.passes(0.001)
    assert brokers.info().isr == (1, 2)
    assert [event.isr for event in brokers.of(IsrChanged)] == [[1], [1, 2]]


def test_a_new_leader_that_does_not_know_the_high_watermark_yet_keeps_what_is_committed():
    brokers = Brokers(3)
    answer = brokers.send(b"one")
    brokers.passes(0.001)
    assert answer.done
    brokers.cluster.stop(1)  # the followers have not heard that it is committed
    brokers.passes(1)
    assert brokers.read() == [b"one"]


def test_a_follower_without_what_a_new_leader_was_elected_with_is_not_in_sync():
    """Though it has all that the new leader knows to be committed, which is nothing yet."""
    brokers = Brokers(4)
    brokers.cluster.stop(3)
    answer = brokers.send(b"one")
    brokers.passes(0.001)
    assert answer.done
    brokers.cluster.cut_off(4)
    brokers.cluster.stop(1)
    assert (brokers.info().leader, brokers.info().isr) == (2, (2, 4))
    assert brokers.read() == [], "broker 2 waits for broker 4 to learn what is committed"
    brokers.cluster.start(3)
    brokers.passes(0.0005)
    assert brokers.info().isr == (2, 4)
    brokers.passes(0.0005)
    assert brokers.info().isr == (2, 3, 4)


def test_two_logs_that_went_apart_at_the_same_offset_agree_by_epoch():
    """KIP-101: by offsets alone neither would notice."""
    brokers = Brokers(2, unclean_leader_election_enable="true")
    brokers.cluster.stop(2)
    brokers.send(b"old 0")
    brokers.send(b"old 1")
    brokers.cluster.stop(1)
    brokers.cluster.start(2)
    brokers.send(b"new 0")
    assert brokers.of(Appended)[2].message == brokers.cluster.message_at(TOPIC, 0, 0)
    brokers.send(b"new 1")
    brokers.cluster.start(1)
    brokers.passes(1)
    brokers.cluster.stop(2)
    assert brokers.info().leader == 1
    assert brokers.read() == [b"new 0", b"new 1"]
    assert lost(brokers) == [b"old 0", b"old 1"]


def test_a_follower_keeps_no_record_of_an_epoch_beyond_where_its_own_log_left_it():
    brokers = Brokers(2, unclean_leader_election_enable="true")
    brokers.send(b"both")
    brokers.passes(1)
    brokers.send(b"only 1", acks=1)
    brokers.cluster.stop(1)
    brokers.send(b"only 2")
    brokers.send(b"only 2 again")
    brokers.cluster.stop(2)
    brokers.cluster.start(1)
    brokers.send(b"later")
    brokers.cluster.start(2)
    assert lost(brokers) == [b"only 2", b"only 2 again"]
    brokers.passes(1)
    brokers.cluster.stop(1)
    assert brokers.read() == [b"both", b"only 1", b"later"]


def test_an_epoch_without_records_hides_no_difference_before_it():
    brokers = Brokers(2, unclean_leader_election_enable="true")
    brokers.send(b"first of 1", acks=1)
    brokers.cluster.stop(1)
    brokers.send(b"first of 2")
    brokers.cluster.stop(2)
    brokers.cluster.start(1)  # leads for a while, and appends nothing
    brokers.cluster.stop(1)
    brokers.cluster.start(2)
    brokers.cluster.start(1)
    assert lost(brokers) == [b"first of 1"]


def test_a_follower_keeps_what_it_shares_with_a_leader_that_has_appended_nothing_yet():
    brokers = Brokers(2, unclean_leader_election_enable="true")
    brokers.send(b"both")
    brokers.passes(1)
    brokers.cluster.stop(1)
    brokers.send(b"only 2")
    brokers.cluster.stop(2)
    brokers.cluster.start(1)
    brokers.cluster.start(2)
    assert [(event.broker, event.offset) for event in brokers.of(LogTruncated)] == [(2, 1)]


def test_two_logs_that_went_apart_more_than_once_agree_where_they_first_did():
    """KIP-279: one question is not enough."""
    brokers = Brokers(2, unclean_leader_election_enable="true")
    brokers.send(b"both")
    brokers.passes(1)
    for leader, other, value in ((2, 1, b"b"), (1, 2, b"x"), (2, 1, b"c"), (1, 2, b"y")):
        brokers.cluster.stop(other)
        brokers.cluster.start(leader)
        brokers.send(value)
        brokers.cluster.stop(leader)
    brokers.cluster.start(1)
    brokers.cluster.start(2)
    assert lost(brokers) == [b"b", b"c"]
    brokers.passes(1)
    brokers.cluster.stop(1)
    assert brokers.read() == [b"both", b"x", b"y"]


def test_deleted_records_are_deleted_on_followers_and_one_that_was_away_starts_anew():
    brokers = Brokers(2)
    brokers.send(b"one")
    brokers.cluster.stop(2)
    brokers.send(b"two")
    brokers.send(b"three")
    brokers.cluster.delete_records(TOPIC, 0, 2)
    brokers.cluster.start(2)
    brokers.passes(1)
    brokers.cluster.stop(1)
    assert brokers.read() == [b"three"]


def test_the_preferred_leader_leads_again_five_minutes_after_it_is_in_sync():
    brokers = Brokers(3)
    brokers.cluster.stop(1)
    brokers.passes(1)
    brokers.cluster.start(1)
    brokers.passes(300)
    assert brokers.info().leader == 2
    brokers.passes(1)
    assert leaders(brokers) == [(2, 1, [2, 3], True), (1, 2, [1, 2, 3], True)]
    assert brokers.pending == []


def test_the_preferred_leader_leads_at_once_if_that_is_asked_for_and_it_can():
    brokers = Brokers(3)
    elect = lambda: brokers.cluster.elect_leader(TOPIC, 0)  # noqa: E731
    assert refusal(elect) is Code.ELECTION_NOT_NEEDED
    brokers.cluster.stop(1)
    assert refusal(elect) is Code.PREFERRED_LEADER_NOT_AVAILABLE
    brokers.cluster.start(1)
    assert refusal(elect) is Code.PREFERRED_LEADER_NOT_AVAILABLE, "it is not in sync yet"
    brokers.passes(1)
    elect()
    assert leaders(brokers)[-1] == (1, 2, [1, 2, 3], True)
    brokers.passes(301)
    assert len(leaders(brokers)) == 2


def test_an_unclean_election_that_is_asked_for_lets_any_replica_lead_if_nobody_does():
    brokers = Brokers(2)
    brokers.cluster.stop(2)
    brokers.send(b"lost", acks=1)
    elect = lambda: brokers.cluster.elect_leader(TOPIC, 0, unclean=True)  # noqa: E731
    assert refusal(elect) is Code.ELECTION_NOT_NEEDED
    brokers.cluster.stop(1)
    assert refusal(elect) is Code.ELIGIBLE_LEADERS_NOT_AVAILABLE
    brokers.cluster.start(2)
    assert brokers.info().leader == -1
    elect()
    assert leaders(brokers)[-1][0::2] == (2, [2])
    assert leaders(brokers)[-1][3] is False
    assert brokers.read() == []


def test_a_leader_leads_on_whatever_happens_to_others():
    brokers = Brokers(3)
    brokers.cluster.stop(1)
    brokers.cluster.start(1)
    brokers.passes(1)
    brokers.cluster.stop(3)
    assert (brokers.info().leader, brokers.info().isr) == (2, (1, 2))


def test_the_preferred_leader_stays_a_follower_if_it_is_gone_again():
    brokers = Brokers(3)
    brokers.cluster.stop(1)
    brokers.cluster.start(1)
    brokers.passes(1)
    brokers.cluster.stop(1)
    brokers.passes(300)
    assert brokers.info().leader == 2


def test_a_broker_that_is_stopped_by_who_was_just_answered_gives_its_followers_nothing_more():
    brokers = Brokers(3)
    answer = brokers.send(b"one")
    brokers.passes(0.0006)
    brokers.send(b"two", acks=1)
    answer.then(lambda: brokers.cluster.stop(1))
    brokers.passes(0.0004)
    assert answer.get().base_offset == 0
    assert copies(brokers) == {1: 2, 2: 2, 3: 1}, "broker 2 had fetched before, broker 3 after it"


def test_partitions_have_their_leaders_on_different_brokers():
    brokers = Brokers(3, partitions=4, replicas=2)
    found = brokers.cluster.describe(TOPIC)
    assert [info.replicas for info in found] == [(1, 2), (2, 3), (3, 1), (1, 2)]


def test_stopping_a_broker_concerns_only_its_partitions():
    brokers = Brokers(3, partitions=3, replicas=1)
    brokers.cluster.stop(2)
    assert refusal(lambda: brokers.send(b"one", partition=1)) is Code.LEADER_NOT_AVAILABLE
    assert refusal(lambda: brokers.send(b"one", partition=0)) is None
    assert brokers.cluster.brokers() == [1, 3]
    assert refusal(lambda: brokers.cluster.create_topic("bills", 1, 3)) is (
        Code.INVALID_REPLICATION_FACTOR
    )


@pytest.mark.parametrize("commit", [True, False])
def test_a_transaction_is_over_when_all_its_partitions_have_heard(commit):
    brokers = Brokers(3, partitions=2)
    producer = Producer(brokers)
    producer.adds(0, 1)
    producer.sends(b"one")
    producer.sends(b"two", partition=1)
    brokers.passes(1)
    producer.ends(commit)
    assert refusal(lambda: producer.adds(0)) is Code.CONCURRENT_TRANSACTIONS
    assert refusal(lambda: producer.ends(commit)) is Code.CONCURRENT_TRANSACTIONS
    assert refusal(lambda: producer.ends(not commit)) is Code.INVALID_TXN_STATE
    assert refusal(lambda: Producer(brokers)) is Code.CONCURRENT_TRANSACTIONS
    brokers.passes(1)
    assert refusal(lambda: producer.adds(0)) is None
    assert brokers.read(read_committed=True, partition=1) == [b"two"] * commit


def test_a_decided_transaction_is_told_to_a_partition_that_was_without_a_leader():
    brokers = Brokers(3, partitions=2, replicas=1)
    producer = Producer(brokers)
    producer.adds(0, 1)
    producer.sends(b"one")
    producer.sends(b"two", partition=1)
    brokers.cluster.stop(2)
    producer.ends()
    assert refusal(lambda: producer.adds(0)) is Code.CONCURRENT_TRANSACTIONS
    assert brokers.read(read_committed=True) == [b"one"]
    brokers.cluster.start(2)
    assert brokers.read(read_committed=True, partition=1) == [b"two"]
    assert refusal(lambda: producer.adds(0)) is None


def test_a_decided_transaction_is_told_again_when_the_leader_went_with_its_control_batch():
    brokers = Brokers(3)
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    brokers.passes(1)
    producer.ends()
    brokers.cluster.stop(1)
    brokers.passes(1)
    assert brokers.read(read_committed=True) == [b"one"]
    assert brokers.transactions.describe("shop").state == "CompleteCommit"


def test_a_control_batch_is_not_appended_where_too_few_are_in_sync_but_later():
    brokers = Brokers(2, min_insync_replicas=2)
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    brokers.passes(1)
    brokers.cluster.stop(2)
    producer.ends()
    assert copies(brokers) == {1: 1, 2: 1}
    assert refusal(lambda: producer.adds(0)) is Code.CONCURRENT_TRANSACTIONS
    brokers.cluster.start(2)
    brokers.passes(1)
    assert brokers.read(read_committed=True) == [b"one"]
    assert copies(brokers) == {1: 2, 2: 2}


def test_followers_hear_at_once_that_records_were_deleted():
    brokers = Brokers(2)
    brokers.send(b"one", b"two")
    brokers.passes(1)
    brokers.cluster.delete_records(TOPIC, 0, 1)
    brokers.passes(0.001)
    brokers.cluster.stop(1)
    assert brokers.read() == [b"two"]


def test_a_control_batch_that_is_owed_to_a_deleted_topic_holds_nothing_up():
    brokers = Brokers(2, partitions=2, replicas=1)
    producer = Producer(brokers)
    producer.adds(1)
    brokers.cluster.stop(2)
    producer.ends()
    assert brokers.transactions.describe("shop").state == "PrepareCommit"
    brokers.cluster.delete_topic(TOPIC)
    assert brokers.transactions.describe("shop").state == "CompleteCommit"


def test_a_control_batch_that_is_on_its_way_is_not_sent_again_when_another_broker_goes():
    brokers = Brokers(3)
    producer = Producer(brokers)
    producer.adds(0)
    producer.sends(b"one")
    brokers.passes(1)
    producer.ends()
    brokers.cluster.stop(3)
    brokers.passes(1)
    assert copies(brokers) == {1: 2, 2: 2, 3: 1}
