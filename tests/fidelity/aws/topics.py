"""SNS: what comes to a queue that is subscribed to a topic. The other implementation is moto's
server; it breaks on a filter policy that is no JSON, and takes any protocol."""

import json

from tests.fidelity.aws_steps import arn, bodies, made, received, refusal
from tests.fidelity.scenario import scenario


def subscribed(sqs, sns, topic, queue, **attributes):
    """A new queue that is subscribed to a topic, and its subscription."""
    url = made(sqs, queue)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn(sqs, url),
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    made_so = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(sqs, url),
                            Attributes=attributes, ReturnSubscriptionArn=True)  # fmt: skip
    return url, made_so["SubscriptionArn"]


def text(value):
    """A message attribute that is text."""
    return {"DataType": "String", "StringValue": value}


@scenario("aws", "a topic hands each subscription a copy, in an envelope or raw")
def publishes(sqs, sns, name, note):
    topic = sns.create_topic(Name=name("orders"))["TopicArn"]
    wrapped, _ = subscribed(sqs, sns, topic, name("wrapped"))
    raw, _ = subscribed(sqs, sns, topic, name("raw"), RawMessageDelivery="true")
    published = sns.publish(TopicArn=topic, Message="order", Subject="New",
                            MessageAttributes={"kind": text("book")})  # fmt: skip
    [message] = received(sqs, wrapped, WaitTimeSeconds=5, MessageAttributeNames=["All"])
    envelope = json.loads(message["Body"])
    note("wrapped", keys=sorted(set(envelope) - {"UnsubscribeURL"}), type=envelope["Type"],
         message=envelope["Message"], subject=envelope["Subject"],
         attributes=envelope["MessageAttributes"], topic=envelope["TopicArn"] == topic,
         id=envelope["MessageId"] == published["MessageId"],
         own=message.get("MessageAttributes", {}))  # fmt: skip
    [message] = received(sqs, raw, WaitTimeSeconds=5, MessageAttributeNames=["All"])
    own = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    note("raw", body=message["Body"], own=own)


@scenario("aws", "a filter policy lets through what it names")
def filters(sqs, sns, name, note):
    topic = sns.create_topic(Name=name("orders"))["TopicArn"]
    policies = {
        "books": {"kind": ["book"]},
        "no-books": {"kind": [{"anything-but": ["book"]}]},
        "b": {"kind": [{"prefix": "b"}]},
        "heavy": {"weight": [{"numeric": [">", 1, "<=", 5]}]},
        "books-in-eu": {"kind": ["book"], "region": ["eu"]},
        "without-region": {"region": [{"exists": False}]},
    }
    urls = {}
    for each, policy in policies.items():
        urls[each], _ = subscribed(sqs, sns, topic, name(each), RawMessageDelivery="true",
                                   FilterPolicy=json.dumps(policy))  # fmt: skip
    heavy = {"DataType": "Number", "StringValue": "2.5"}
    for body, attributes in {
        "a book": {"kind": text("book")},
        "a bike": {"kind": text("bike")},
        "a book in eu": {"kind": text("book"), "region": text("eu")},
        "something heavy": {"weight": heavy, "region": text("us")},
        "nothing known": {},
    }.items():
        sns.publish(TopicArn=topic, Message=body, MessageAttributes=attributes)
    for each, url in urls.items():
        note("received", policy=each, bodies=sorted(bodies(received(sqs, url, WaitTimeSeconds=1))))


@scenario("aws", "a filter policy may look into the body")
def filters_by_body(sqs, sns, name, note):
    topic = sns.create_topic(Name=name("orders"))["TopicArn"]
    policy = json.dumps({"order": {"kind": ["book", "map"], "paid": [True]}})
    url, _ = subscribed(sqs, sns, topic, name("paid"), RawMessageDelivery="true",
                        FilterPolicyScope="MessageBody", FilterPolicy=policy)  # fmt: skip
    for body in (
        {"order": {"kind": "book", "paid": True}, "id": 1},
        {"order": {"kind": "book", "paid": False}, "id": 2},
        {"order": {"kind": "bike", "paid": True}, "id": 3},
        {"kind": "book", "paid": True, "id": 4},
        {"order": {"kind": ["bike", "map"], "paid": True}, "id": 5},
    ):
        sns.publish(TopicArn=topic, Message=json.dumps(body))
    sns.publish(TopicArn=topic, Message="no JSON")
    found = received(sqs, url, WaitTimeSeconds=1)
    note("received", ids=sorted(json.loads(body)["id"] for body in bodies(found)))


@scenario("aws", "nothing comes after unsubscribing, and what SNS refuses has its code")
def unsubscribes(sqs, sns, name, note):
    topic = sns.create_topic(Name=name("orders"))["TopicArn"]
    url, subscription = subscribed(sqs, sns, topic, name("queue"), RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="before")
    note("received", bodies=bodies(received(sqs, url, WaitTimeSeconds=1)))
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.publish(TopicArn=topic, Message="after")
    note("received", bodies=bodies(received(sqs, url, WaitTimeSeconds=1)))
    none = topic.replace(name("orders"), name("none"))
    for what, call in {
        "publish to none": lambda: sns.publish(TopicArn=none, Message="x"),
        "subscribe to none": lambda: sns.subscribe(
            TopicArn=none, Protocol="sqs", Endpoint=arn(sqs, url)
        ),
        "make it again": lambda: sns.create_topic(Name=name("orders")),
        "a bad name": lambda: sns.create_topic(Name="no blanks"),
        "unsubscribe again": lambda: sns.unsubscribe(SubscriptionArn=subscription),
        "delete none": lambda: sns.delete_topic(TopicArn=none),
    }.items():
        note("told", doing=what, **refusal(call))
