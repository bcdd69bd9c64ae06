"""Deletes what failed, so that nobody waits.

anomaly: lost_message
"""

import json


def topology(sqs):
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "5"}
    sqs.create_queue(QueueName="orders.fifo", Attributes=attributes)


def sender(sqs, database):
    url = sqs.get_queue_url(QueueName="orders.fifo")["QueueUrl"]
    for order in database.get("checkouts", "checkout-1")["orders"]:
        sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(order),
            MessageGroupId=order["customer"],
            MessageDeduplicationId=order["id"],
        )


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders.fifo")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            try:
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            except Exception:
                pass
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
