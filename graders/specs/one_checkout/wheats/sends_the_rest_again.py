"""Sends again what the answer does not call sent."""

import json


def sender(sqs, database):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    for key in database.keys("checkouts"):
        orders = database.get("checkouts", key)["orders"]
        left = [{"Id": order["id"], "MessageBody": json.dumps(order)} for order in orders]
        while left:
            told = sqs.send_message_batch(QueueUrl=url, Entries=left)
            sent = [each["Id"] for each in told["Successful"]]
            left = [entry for entry in left if entry["Id"] not in sent]
        database.delete("checkouts", key)


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
