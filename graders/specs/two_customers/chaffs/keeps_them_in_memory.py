"""Deletes an order as soon as it has it in memory.

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
    in_hand = {}  # by customer, in order
    while True:
        told = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            in_hand.setdefault(order["customer"], []).append(order)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        for orders in in_hand.values():
            while orders:
                order = orders[0]
                try:
                    payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
                except Exception:
                    break  # the next time round
                orders.pop(0)
