"""Looks for the order where the envelope is, and leaves it to somebody who finds it.

anomaly: stuck
"""

import json


def topology(sqs, sns):
    topics = [sns.create_topic(Name=name)["TopicArn"] for name in ["order-events", "refund-events"]]
    url = sqs.create_queue(QueueName="mail-events")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue = told["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topics}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    for topic in topics:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)


def mailer(sqs, mail):
    url = sqs.get_queue_url(QueueName="mail-events")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            if "id" not in order:
                continue
            mail.send(order["id"], "We have news of your order.", order["id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
