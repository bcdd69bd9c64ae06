"""Rows of SQS and SNS: receives and deletes, leases, policies that let nothing through."""

from minibroker.sim import trace as t
from tests.graders.events import answered, asked, delivered, drawn, owed, published, settled, told

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
ORDER = (published(1, "orders"), owed(1, "order-1"))
TOPIC = asked(1, "create_topic", "sns", Name="events")


def test_a_receive_that_takes_something_is_one_row_with_its_number() -> None:
    timeline = drawn(
        *ORDER, asked(4, "receive_message", "sqs", QueueUrl=URL), delivered(1), answered(4, {})
    )
    assert told(timeline)[1:] == [("orders", "worker#1", "deliver order-1")]
    assert timeline.rows[-1].number == 4


def test_so_it_is_when_it_waited_for_what_came() -> None:
    timeline = drawn(
        asked(4, "receive_message", "sqs", QueueUrl=URL), *ORDER, delivered(1), answered(4, {})
    )
    assert timeline.rows[-1].number == 4


def test_a_receive_in_vain_says_how_long_it_waited() -> None:
    timeline = drawn(
        *ORDER,
        asked(4, "receive_message", "sqs", QueueUrl=URL, WaitTimeSeconds=20),
        answered(4, {}, "idle"),
    )
    assert told(timeline)[1:] == [("worker#1", "orders", "wait up to 20 s: nothing comes")]


def test_sqs_deletes_where_amqp_acks() -> None:
    timeline = drawn(
        *ORDER, asked(4, "delete_message", "sqs", QueueUrl=URL), settled(1), answered(4, {})
    )
    assert told(timeline)[1:] == [("worker#1", "orders", "delete order-1")]


def test_a_lease_that_is_renewed_or_given_back_is_said() -> None:
    def hidden(until: int) -> t.VisibilityChanged:
        return t.VisibilityChanged(at=0, who="worker#1", queue="orders", message=1, until=until)

    timeline = drawn(*ORDER, hidden(60_000_000), hidden(0))
    assert [text for _, _, text in told(timeline)[1:]] == [
        "hide order-1 for 60 s",
        "hide order-1: visible at once",
    ]


def test_what_was_received_too_often_goes_to_the_dead_letters() -> None:
    moved = t.DeadLettered(
        at=0, who="broker", queue="orders", message=1, reason="maxReceiveCount", exchange="",
        routing_key="orders-dead", queues=["orders-dead"],
    )  # fmt: skip
    assert told(drawn(*ORDER, moved))[1:] == [
        ("orders", "orders-dead", "dead-letter order-1: received maxReceiveCount times")
    ]


def test_a_topic_that_may_not_send_is_named() -> None:
    sent = t.Published(
        at=0, who="scenario", message=1, exchange="events", routing_key="", queues=[],
        body=b'{"id": 1}',
    )  # fmt: skip
    refused = t.DeadLettered(
        at=0, who="broker", queue="mail", message=1, reason="undelivered", exchange="events",
        routing_key="mail", queues=[],
    )  # fmt: skip
    timeline = drawn(TOPIC, answered(1, {}), sent, owed(1, "order-1"), refused)
    assert [text for _, _, text in told(timeline)] == [
        "publish order-1 to events, which delivers it to no queue",
        "dead-letter order-1: events may not send to mail; dropped",
    ]


def test_a_batch_that_fails_in_part_says_so() -> None:
    timeline = drawn(
        *ORDER,
        asked(4, "delete_message_batch", "sqs", QueueUrl=URL),
        t.Faulted(at=0, who="worker#1", number=4, kind="definite"),
        answered(4, {}),
    )
    assert told(timeline)[1][2] == (
        "fault: the first entry of delete_message_batch() fails, and the answer says so under "
        "Failed"
    )


def test_a_message_that_was_sent_before_is_ignored() -> None:
    timeline = drawn(*ORDER, t.SendIgnored(at=0, who="scenario", queue="orders", message=1))
    assert told(timeline)[1] == (
        "producer",
        "orders",
        "send order-1 (ignored): same deduplication id",
    )


def test_a_redriven_message_goes_from_queue_to_queue() -> None:
    moved = t.Redriven(at=0, who="broker", queue="orders-dead", message=1, to="orders")
    assert told(drawn(*ORDER, moved))[1] == ("orders-dead", "orders", "redrive order-1")
