"""Subscribes one of the queues raw. Of the other it looks for the order in SNS's envelope, and leaves
what it cannot read.

anomaly: stuck
"""

import json

LISTENS = {
    "mail": ["order-events", "cancel-events", "refund-events"],
    "stock": ["order-events", "cancel-events"],
}


def topology(sqs, sns):
    for name, topics in LISTENS.items():
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        queue = told["Attributes"]["QueueArn"]
        arns = [sns.create_topic(Name=topic)["TopicArn"] for topic in topics]
        allow(sqs, url, queue, arns)
        how = {"RawMessageDelivery": "true"} if name == "mail" else {}
        for arn in arns:
            sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=how)


def allow(sqs, url, queue, topics):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topics}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def each(sqs, name, work):
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            if "id" not in order:
                continue
            work(order)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def mailer(sqs, mail):
    each(sqs, "mail", lambda order: mail.send(order["id"], "News for you.", order["id"]))


def stock_keeper(sqs, stock):
    each(sqs, "stock", lambda order: stock.reserve(order["id"], order["items"], order["id"]))
