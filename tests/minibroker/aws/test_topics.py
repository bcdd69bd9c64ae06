"""Topics and the queues that subscribe to them."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibroker.aws import filter_checks, filter_policy
from minibroker.aws.errors import AwsError
from minibroker.sim.trace import DeadLettered, Published
from tests.minibroker.aws.region import Here, bodies


def permitting(arn: str, topic: str) -> str:
    return json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        }
    )


def subscribed(here: Here, topic: str, name: str, **attributes: str) -> str:
    url = here.queue(name)
    here.set_queue_attributes("me", url, {"Policy": permitting(here.arn(url), topic)})
    here.subscribe("me", topic, "sqs", here.arn(url), attributes)
    return url


def test_a_published_message_reaches_every_subscribed_queue_in_an_envelope_or_raw():
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    plain = subscribed(here, topic, "plain")
    raw = subscribed(here, topic, "raw", RawMessageDelivery="true")
    told = here.publish("shop", topic, message="order-1", subject="Paid")
    envelope = json.loads(here.receive(plain)[0]["Body"])
    assert (envelope["Type"], envelope["Message"]) == ("Notification", "order-1")
    assert (envelope["MessageId"], envelope["TopicArn"]) == (told["MessageId"], topic)
    assert envelope["Subject"] == "Paid"
    assert bodies(here.receive(raw)) == ["order-1"]
    [event] = here.happened(Published)
    assert (event.exchange, event.queues) == ("paid", ["plain", "raw"])


def test_a_queue_whose_policy_does_not_permit_it_gets_nothing():
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    url = here.queue()
    here.subscribe("me", topic, "sqs", here.arn(url))
    here.publish("shop", topic, message="order-1")
    assert here.receive(url) == []
    [event] = here.happened(DeadLettered)
    assert (event.queue, event.reason, event.queues) == ("orders", "undelivered", [])


def test_a_subscription_with_a_filter_policy_gets_what_matches():
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    policy = json.dumps({"total": [{"numeric": [">=", 100]}]})
    url = subscribed(here, topic, "large", FilterPolicy=policy, RawMessageDelivery="true")
    for total in ("99", "100"):
        here.publish(
            "shop",
            topic,
            message=total,
            message_attributes={"total": {"DataType": "Number", "StringValue": total}},
        )
    assert bodies(here.receive(url)) == ["100"]


def test_what_cannot_be_delivered_goes_to_the_dead_letters_of_the_subscription():
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    dead = here.queue("dead")
    here.set_queue_attributes("me", dead, {"Policy": permitting(here.arn(dead), topic)})
    redrive = json.dumps({"deadLetterTargetArn": here.arn(dead)})
    url = subscribed(here, topic, "orders", RedrivePolicy=redrive, RawMessageDelivery="true")
    here.delete_queue("me", url)
    here.publish("shop", topic, message="order-1")
    assert bodies(here.receive(dead)) == ["order-1"]
    [event] = here.happened(DeadLettered)
    assert (event.queue, event.queues) == ("orders", ["dead"])


def test_a_fifo_topic_keeps_order_and_drops_what_it_had_before():
    here = Here()
    topic = here.create_topic("me", "paid.fifo", {"FifoTopic": "true"})["TopicArn"]
    url = subscribed(here, topic, "orders.fifo", RawMessageDelivery="true")
    for body in ("1", "2", "1"):
        here.publish(
            "shop", topic, message=body, message_group_id="a", message_deduplication_id=body
        )
    first, second = here.receive(url)
    assert bodies([first, second]) == ["1", "2"]
    assert first["Attributes"]["MessageGroupId"] == "a"
    assert first["Attributes"]["MessageDeduplicationId"] == "1"


def test_a_message_may_have_another_text_for_queues():
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    url = subscribed(here, topic, "orders", RawMessageDelivery="true")
    text = json.dumps({"default": "all", "sqs": "queues"})
    here.publish("shop", topic, message=text, message_structure="json")
    assert bodies(here.receive(url)) == ["queues"]
    with pytest.raises(AwsError, match="No default entry"):
        here.publish("shop", topic, message='{"sqs": "x"}', message_structure="json")


def test_subscribing_again_gives_the_same_subscription():
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    arn = here.arn(here.queue())
    first = here.subscribe("me", topic, "sqs", arn, {"RawMessageDelivery": "true"})
    assert here.subscribe("me", topic, "sqs", arn) == first
    with pytest.raises(AwsError, match="different attributes"):
        here.subscribe("me", topic, "sqs", arn, {"RawMessageDelivery": "false"})


@pytest.mark.parametrize("protocol", ["http", "email", "sms", "lambda"])
def test_what_reaches_outside_is_refused_in_a_sentence(protocol: str):
    here = Here()
    topic = here.create_topic("me", "paid")["TopicArn"]
    with pytest.raises(AwsError, match="reaches outside"):
        here.subscribe("me", topic, protocol, "somewhere")


@pytest.mark.parametrize(
    ("policy", "wanted", "unwanted"),
    [
        ({"kind": ["paid"]}, {"kind": "paid"}, {"kind": "sent"}),
        ({"kind": [{"prefix": "pa"}]}, {"kind": "paid"}, {"kind": "unpaid"}),
        ({"kind": [{"suffix": "id"}]}, {"kind": "paid"}, {"kind": "paying"}),
        ({"kind": [{"anything-but": ["sent"]}]}, {"kind": "paid"}, {"kind": "sent"}),
        ({"kind": [{"anything-but": {"prefix": "s"}}]}, {"kind": "paid"}, {"kind": "sent"}),
        ({"kind": [{"equals-ignore-case": "PAID"}]}, {"kind": "paid"}, {"kind": "sent"}),
        ({"kind": [{"exists": True}]}, {"kind": 1}, {"other": 1}),
        ({"kind": [{"exists": False}]}, {"other": 1}, {"kind": 1}),
        ({"sum": [{"numeric": [">", 1, "<=", 2]}]}, {"sum": 2}, {"sum": 1}),
        ({"sum": [{"numeric": ["=", 1.5]}]}, {"sum": 1.5}, {"sum": "1.5"}),
        ({"from": [{"cidr": "10.0.0.0/24"}]}, {"from": "10.0.0.9"}, {"from": "10.0.1.9"}),
        ({"$or": [{"a": [1]}, {"b": [1]}]}, {"b": 1}, {"a": 2, "b": 2}),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, {"a": {"b": "y"}}),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "y"}, {"b": "x"}]}, {"a": []}),
        ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": ["z", "y"]}, {"a": "x"}),
        ({"paid": [True]}, {"paid": True}, {"paid": 1}),
    ],
)
def test_a_filter_policy_of_the_body(policy: object, wanted: object, unwanted: object):
    checked = filter_checks.checked(json.dumps(policy), in_body=True)
    assert filter_policy.matches_body(checked, wanted)
    assert not filter_policy.matches_body(checked, unwanted)
    assert not filter_policy.matches_body(checked, [wanted])


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ({str(n): ["x"] for n in range(6)}, "more than 5 keys"),
        ({"a": list(range(151))}, "too complex"),
        ({"a": "x"}, "must be an object or an array"),
        ({"a": [{"like": "x"}]}, "Unrecognized match type like"),
        ({"a": [{"numeric": [">", 2, "<", 1]}]}, "Bottom must be less than top"),
        ({"a": {"b": ["x"]}}, "does not support nested filter policy"),
    ],
)
def test_a_filter_policy_that_cannot_be_is_refused(policy: object, sentence: str):
    with pytest.raises(AwsError, match=sentence):
        filter_checks.checked(json.dumps(policy), in_body=False)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=4), inner, max_size=3)))  # fmt: skip
def test_any_json_is_a_filter_policy_or_refused(value: object):
    with suppress(AwsError):
        policy = filter_checks.checked(json.dumps(value), in_body=True)
        filter_policy.matches_body(policy, {"a": 1})
