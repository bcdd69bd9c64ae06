"""Gives the clerk what is too long before it sends the rest, and sends one order a call."""

import json


def sender(sqs, database):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    for key in database.keys("checkouts"):
        orders = {order["id"]: order for order in database.get("checkouts", key)["orders"]}
        for id, order in orders.items():
            body = json.dumps(order)
            if len(body.encode()) > 1024:
                database.put("too_long", id, order)
            else:
                sqs.send_message(QueueUrl=url, MessageBody=body)
        database.delete("checkouts", key)


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
