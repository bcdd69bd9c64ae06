"""What one queue does with messages."""

import json

import pytest

from minibroker.aws.errors import AwsError
from minibroker.sim.trace import (
    DeadLettered,
    Delivered,
    Redriven,
    Requeued,
    SendIgnored,
    Settled,
)
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


def test_an_old_receipt_handle_deletes_nothing():
    here = Here()
    url = here.queue(VisibilityTimeout=1)
    here.send(url, "order-1")
    [first] = here.receive(url)
    here.sleep(1)
    here.receive(url, who="other")
    here.delete(url, first)
    assert here.counts(url) == (0, 0, 1)

    fifo = here.queue("orders.fifo", VisibilityTimeout=1)
    here.send(fifo, "order-1", message_group_id="a", message_deduplication_id="1")
    [first] = here.receive(fifo)
    here.sleep(1)
    with pytest.raises(AwsError, match="The receipt handle has expired"):
        here.delete(fifo, first)
    assert here.counts(fifo) == (1, 0, 0)


def test_what_comes_back_before_a_held_message_of_its_group_is_handed_out_and_no_more():
    """The extended message and those after it hide; so it was recorded at AWS."""
    here = Here()
    url = here.queue("orders.fifo", VisibilityTimeout=1)
    for body in ("1", "2", "3", "4"):
        here.send(url, body, message_group_id="a", message_deduplication_id=body)
    three = here.receive(url, 3)
    here.change_message_visibility("worker", url, three[2]["ReceiptHandle"], 10)
    here.sleep(1)
    assert bodies(here.receive(url)) == ["1", "2"]


def test_groups_take_turns_in_the_order_in_which_they_had_something_to_give():
    here = Here()
    url = here.queue("orders.fifo", VisibilityTimeout=1)
    for body in ("a1", "a2", "b1", "c1"):
        here.send(url, body, message_group_id=body[0], message_deduplication_id=body)
    assert bodies(here.receive(url, 1)) == ["a1"]
    assert bodies(here.receive(url, 1)) == ["b1"]
    here.sleep(1)
    assert bodies(here.receive(url)) == ["c1", "a1", "a2", "b1"]


def test_a_repeated_deduplication_id_is_accepted_and_put_nowhere_for_five_minutes():
    here = Here()
    url = here.queue("orders.fifo")
    first = here.send(url, "1", message_group_id="a", message_deduplication_id="x")
    here.sleep(299)
    again = here.send(url, "other", message_group_id="b", message_deduplication_id="x")
    assert again["MessageId"] == first["MessageId"]
    assert here.counts(url) == (1, 0, 0)
    assert len(here.happened(SendIgnored)) == 1
    here.sleep(1)
    here.send(url, "2", message_group_id="a", message_deduplication_id="x")
    assert here.counts(url) == (2, 0, 0)


def test_deduplication_by_message_group_compares_within_the_group_only():
    here = Here()
    url = here.queue("orders.fifo", DeduplicationScope="messageGroup")
    for group in ("a", "b", "a"):
        here.send(url, group, message_group_id=group, message_deduplication_id="x")
    assert sorted(bodies(here.receive(url))) == ["a", "b"]


def test_an_attempt_to_receive_that_is_repeated_gets_the_same_messages_and_handles():
    here = Here()
    url = here.queue("orders.fifo", VisibilityTimeout=30)
    here.send(url, "1", message_group_id="a", message_deduplication_id="1")
    first = here.receive(url, receive_request_attempt_id="try")
    here.sleep(20)
    assert here.receive(url, receive_request_attempt_id="try") == first
    here.sleep(20)
    assert here.receive(url) == []  # its visibility timeout began anew
    here.sleep(10)
    assert here.receive(url)[0]["ReceiptHandle"] != first[0]["ReceiptHandle"]


def test_a_delayed_message_is_not_visible_before_its_time():
    here = Here()
    url = here.queue(DelaySeconds=5)
    here.send(url, "order-1")
    here.send(url, "order-2", delay_seconds=0)
    assert here.counts(url) == (1, 1, 0)
    assert bodies(here.receive(url)) == ["order-2"]
    poll = here.receive_message("worker", url, wait_time_seconds=20)
    here.sleep(5)
    assert bodies(poll.get()["Messages"]) == ["order-1"]


def test_what_is_older_than_the_retention_period_is_gone_held_or_not():
    here = Here()
    url = here.queue(MessageRetentionPeriod=60, VisibilityTimeout=3600)
    here.send(url, "order-1")
    here.receive(url)
    here.send(url, "order-2")
    here.sleep(60)
    assert here.counts(url) == (0, 0, 0)
    assert [event.how for event in here.happened(Settled)] == ["expired", "expired"]


def test_dead_letters_of_a_standard_queue_keep_their_age_and_those_of_a_fifo_queue_do_not():
    here = Here()
    for suffix, more in (("", {}), (".fifo", {"message_group_id": "a"})):
        dead = here.queue(f"dead{suffix}", MessageRetentionPeriod=100)
        policy = {"deadLetterTargetArn": here.arn(dead), "maxReceiveCount": 1}
        url = here.queue(f"orders{suffix}", RedrivePolicy=json.dumps(policy), VisibilityTimeout=1)
        ids = {"message_deduplication_id": "x"} if suffix else {}
        here.send(url, "order-1", **more, **ids)
        here.receive(url)
        here.sleep(90)
        here.receive(url)
        here.sleep(20)
        assert len(here.receive(dead)) == (1 if suffix else 0)


def test_no_more_than_12_hours_in_all_can_a_message_hide():
    here = Here()
    url = here.queue()
    here.send(url, "order-1")
    [message] = here.receive(url)
    here.sleep(10)
    with pytest.raises(AwsError, match="Total VisibilityTimeout for the message is beyond"):
        here.change_message_visibility("worker", url, message["ReceiptHandle"], 43_200)
    here.change_message_visibility("worker", url, message["ReceiptHandle"], 43_190)
    assert here.counts(url) == (0, 0, 1)


def test_a_batch_fails_entry_by_entry_or_as_a_whole():
    here = Here()
    url = here.queue(MaximumMessageSize=1024)
    entries = [{"Id": "a", "MessageBody": "x" * 1024}, {"Id": "b", "MessageBody": "x" * 1025}]
    told = here.send_message_batch("me", url, entries)
    assert [each["Id"] for each in told["Successful"]] == ["a"]
    [failed] = told["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == (
        "b",
        "InvalidParameterValue",
        True,
    )
    for wrong, name in (
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "x"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "a", "MessageBody": "x" * (2**20 + 1)}], "BatchRequestTooLong"),
    ):
        with pytest.raises(AwsError) as refusal:
            here.send_message_batch("me", url, wrong)
        assert refusal.value.shape == name


def test_dead_letters_are_redriven_to_where_they_came_from_at_the_rate_that_is_asked_for():
    here = Here()
    dead = here.queue("dead")
    policy = {"deadLetterTargetArn": here.arn(dead), "maxReceiveCount": 1}
    url = here.queue("orders", RedrivePolicy=json.dumps(policy), VisibilityTimeout=1)
    for number in range(3):
        here.send(url, f"order-{number}")
    before = {message["MessageId"] for message in here.receive(url)}
    here.sleep(1)
    here.receive(url)
    arn = here.arn(dead)
    here.start_message_move_task("me", arn, max_number_of_messages_per_second=1)
    with pytest.raises(AwsError, match="already a task running"):
        here.start_message_move_task("me", arn)
    here.sleep(2)
    [task] = here.list_message_move_tasks("me", arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("RUNNING", 2)
    here.sleep(2)
    assert here.list_message_move_tasks("me", arn)["Results"][0]["Status"] == "COMPLETED"
    assert here.due == []
    again = here.receive(url)
    assert len(again) == 3
    assert not before & {message["MessageId"] for message in again}
    assert len(here.happened(Redriven)) == 3


def test_a_queue_that_nobody_redrives_to_is_no_source_of_a_move():
    here = Here()
    with pytest.raises(AwsError, match="must be configured as a Dead Letter Queue"):
        here.start_message_move_task("me", here.arn(here.queue()))


def test_creating_a_queue_again_finds_it_if_its_attributes_are_the_same():
    here = Here()
    url = here.queue(DelaySeconds=1)
    assert here.queue(DelaySeconds=1) == url
    assert here.queue() == url
    with pytest.raises(AwsError, match="different value for attribute DelaySeconds"):
        here.queue(DelaySeconds=2)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
        ("DelaySeconds", "-1", "InvalidAttributeValue"),
        ("Nothing", "1", "InvalidAttributeName"),
        ("ContentBasedDeduplication", "true", "InvalidAttributeName"),
        ("Policy", "{", "InvalidAttributeValue"),
        ("RedrivePolicy", '{"maxReceiveCount": 1}', "InvalidParameterValue"),
    ],
)
def test_what_a_queue_cannot_be_set_to_is_refused(name: str, value: str, code: str):
    here = Here()
    with pytest.raises(AwsError) as refusal:
        here.queue(**{name: value})
    assert refusal.value.code == code


def test_a_dead_letter_queue_is_of_the_same_type_and_has_to_allow_it():
    here = Here()
    fifo = here.queue("dead.fifo")
    policy = {"deadLetterTargetArn": here.arn(fifo), "maxReceiveCount": 1}
    with pytest.raises(AwsError, match="same type of queue"):
        here.queue("orders", RedrivePolicy=json.dumps(policy))
    dead = here.queue("dead", RedriveAllowPolicy='{"redrivePermission": "denyAll"}')
    policy["deadLetterTargetArn"] = here.arn(dead)
    with pytest.raises(AwsError, match="RedriveAllowPolicy"):
        here.queue("orders", RedrivePolicy=json.dumps(policy))


def test_the_cost_of_a_call_does_not_grow_with_the_backlog():
    """Heaps and deques are swept, and nothing is searched: counted in what the queue keeps."""
    here = Here()
    url = here.queue(VisibilityTimeout=43_000)
    queue = here.region.queues["orders"]
    for number in range(5_000):
        here.send(url, str(number))
        here.delete(url, here.receive(url, 1)[0])
    assert len(queue._held) <= 2_100
    assert len(queue._ages) <= 2_100
    assert queue.copies == {}
