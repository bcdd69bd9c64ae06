"""Sends again what failed by SQS's fault, and drops the rest.

anomaly: lost_message
"""

import json


def sender(sqs, database):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    for key in database.keys("checkouts"):
        orders = {order["id"]: order for order in database.get("checkouts", key)["orders"]}
        while orders:
            entries = [{"Id": id, "MessageBody": json.dumps(orders[id])} for id in orders]
            told = sqs.send_message_batch(QueueUrl=url, Entries=entries)
            left = {each["Id"] for each in told["Failed"] if not each["SenderFault"]}
            orders = {id: orders[id] for id in orders if id in left}
        database.delete("checkouts", key)


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
