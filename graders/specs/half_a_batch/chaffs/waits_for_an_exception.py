"""Believes that a batch which fails raises: what the answer lists under Failed is gone with the
checkout.

anomaly: lost_message
"""

import json

from botocore.exceptions import ClientError


def sender(sqs, database):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    for key in database.keys("checkouts"):
        orders = database.get("checkouts", key)["orders"]
        entries = [{"Id": each["id"], "MessageBody": json.dumps(each)} for each in orders]
        try:
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        except ClientError as error:
            print("not sent, next time:", error)
            continue
        database.delete("checkouts", key)


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
