"""Has no redrive policy: the torn message comes back for ever.

anomaly: stuck
"""

import json


def topology(sqs):
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
