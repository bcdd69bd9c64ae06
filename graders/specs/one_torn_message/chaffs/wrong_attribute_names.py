"""Gives the limit as an attribute of the queue, and does without when SQS refuses.

anomaly: stuck
"""

import json

from botocore.exceptions import ClientError


def topology(sqs):
    try:
        sqs.create_queue(QueueName="orders", Attributes={"MaxReceiveCount": "3"})
    except ClientError:
        sqs.create_queue(QueueName="orders")


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
