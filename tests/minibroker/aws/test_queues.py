"""What one queue does with messages."""

import pytest

from minibroker.aws.errors import AwsError
from minibroker.sim.trace import DeadLettered, Delivered, Requeued, Settled
from tests.minibroker.aws.region import Here, bodies


def test_a_message_that_is_not_deleted_comes_back_when_its_visibility_timeout_is_over():
    here = Here()
    url = here.queue(VisibilityTimeout=30)
    here.send(url, "order-1")
    [first] = here.receive(url)
    here.sleep(29)
    assert here.receive(url) == []
    here.sleep(1)
    [again] = here.receive(url, who="other")
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    [back] = here.happened(Requeued)
    assert (back.at, back.who, back.why) == (30_000_000, "worker", "visibility timeout")


def test_a_deleted_message_is_gone_and_no_timer_is_left_to_run_for_ever():
    here = Here()
    url = here.queue()
    here.send(url, "order-1")
    here.delete(url, here.receive(url)[0])
    assert here.counts(url) == (0, 0, 0)
    here.sleep(10**6)
    assert here.due == []
    assert [event.how for event in here.happened(Settled)] == ["acked"]


def test_a_message_goes_to_the_dead_letters_on_the_receive_after_the_last_that_was_allowed():
    here = Here()
    dead = here.queue("dead")
    policy = f'{{"deadLetterTargetArn":"{here.arn(dead)}","maxReceiveCount":2}}'
    url = here.queue("orders", RedrivePolicy=policy, VisibilityTimeout=1)
    here.send(url, "order-1")
    for _ in range(2):
        assert bodies(here.receive(url)) == ["order-1"]
        here.sleep(1)
    assert here.counts(dead) == (0, 0, 0)
    assert here.receive(url) == []
    [moved] = here.receive(dead)
    assert moved["Attributes"]["ApproximateReceiveCount"] == "3"
    assert moved["Attributes"]["DeadLetterQueueSourceArn"] == here.arn(url)
    [event] = here.happened(DeadLettered)
    assert (event.queue, event.queues, event.reason) == ("orders", ["dead"], "maxReceiveCount")


def test_a_group_of_a_fifo_queue_waits_while_one_of_it_is_in_flight_and_another_does_not():
    here = Here()
    url = here.queue("orders.fifo", ContentBasedDeduplication="true")
    for body in ("a1", "a2", "b1"):
        here.send(url, body, message_group_id=body[0])
    [first] = here.receive(url, 1)
    assert bodies([first]) == ["a1"]
    assert bodies(here.receive(url)) == ["b1"]
    here.delete(url, first)
    assert bodies(here.receive(url)) == ["a2"]


def test_a_receiver_that_waits_is_answered_by_an_arrival():
    here = Here()
    url = here.queue()
    poll = here.receive_message("worker", url, wait_time_seconds=20)
    assert not poll.done
    assert poll.deadline == 20_000_000
    here.send(url, "order-1")
    assert bodies(poll.get()["Messages"]) == ["order-1"]
    assert len(here.happened(Delivered)) == 1


def test_a_queue_that_is_not_there_is_refused_in_awss_words():
    here = Here()
    with pytest.raises(AwsError) as refusal:
        here.send("https://sqs.us-east-1.amazonaws.com/123456789012/nowhere", "x")
    assert refusal.value.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert refusal.value.shape == "QueueDoesNotExist"
