"""Allows to receive for one of the queues, where a topic has to send.

anomaly: lost_message
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
        allow(sqs, url, queue, arns, "SendMessage" if name == "mail" else "ReceiveMessage")
        for arn in arns:
            sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)


def allow(sqs, url, queue, topics, action):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": f"sqs:{action}",
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
            work(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def mailer(sqs, mail):
    each(sqs, "mail", lambda order: mail.send(order["id"], "News for you.", order["id"]))


def stock_keeper(sqs, stock):
    each(sqs, "stock", lambda order: stock.reserve(order["id"], order["items"], order["id"]))
