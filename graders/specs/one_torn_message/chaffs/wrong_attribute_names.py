"""Gives the limit as an attribute of the queue. SQS refuses, and there is no queue.

anomaly: lost_message
"""

import json


def topology(sqs):
    attributes = {"MaxReceiveCount": "3", "VisibilityTimeoutSeconds": "30"}
    sqs.create_queue(QueueName="orders", Attributes=attributes)


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
