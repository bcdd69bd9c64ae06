"""Topics and the queues that subscribe to them."""

import json

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
