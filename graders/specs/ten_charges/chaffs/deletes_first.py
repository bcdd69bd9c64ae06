"""Deletes, then charges.

anomaly: lost_message
"""

import json


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20, VisibilityTimeout=60
        )
        for message in told.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
