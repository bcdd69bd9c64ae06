"""Lets the queue move what was received three times."""

import json


def topology(sqs):
    dead = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": told["Attributes"]["QueueArn"], "maxReceiveCount": 3}
    sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": json.dumps(policy)})


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            try:
                order = json.loads(message["Body"])
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            except Exception:
                continue  # it comes back
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
