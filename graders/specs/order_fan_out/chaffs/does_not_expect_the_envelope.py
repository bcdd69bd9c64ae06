"""Subscribes two queues raw and forgets it for the third. Its reader finds no id in SNS's envelope
and leaves the message for somebody who knows better: it comes back for ever.

anomaly: stuck
"""

import json


def topology(sqs, sns):
    orders = sns.create_topic(Name="order-events")["TopicArn"]
    refunds = sns.create_topic(Name="refund-events")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    home = {"FilterPolicy": json.dumps({"delivery": ["home"]})}
    connect(sqs, sns, "stock-events", {orders: raw})
    connect(sqs, sns, "shipping-events", {orders: home})
    connect(sqs, sns, "mail-events", {orders: raw, refunds: raw})


def connect(sqs, sns, name, topics):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue = told["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": list(topics)}},
            }
        ],
    }
    # One policy for all topics: setting it replaces the one before.
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    for topic, attributes in topics.items():
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes)


def each(sqs, name, work):
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            try:
                work(json.loads(message["Body"]))
            except KeyError:
                continue
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def publisher(sqs, sns):
    topic = sns.create_topic(Name="order-events")["TopicArn"]  # gives the one there is

    def publish(order):
        delivery = {"DataType": "String", "StringValue": order["delivery"]}
        attributes = {"delivery": delivery}
        sns.publish(TopicArn=topic, Message=json.dumps(order), MessageAttributes=attributes)

    each(sqs, "orders", publish)


def stock_keeper(sqs, stock):
    each(sqs, "stock-events", lambda order: stock.reserve(order["id"], order["items"], order["id"]))


def shipper(sqs, shipping):
    each(sqs, "shipping-events", lambda order: shipping.book(order["id"], order["id"]))


def mailer(sqs, mail):
    each(sqs, "mail-events", lambda order: mail.send(order["id"], "Thank you.", order["id"]))
