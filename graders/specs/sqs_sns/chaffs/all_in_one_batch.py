"""Sends eleven entries in a batch, which takes ten, and when SQS refuses that the first ten only.

anomaly: lost_message
"""

import json

from botocore.exceptions import ClientError

ATTRIBUTES = {"VisibilityTimeout": "60", "ReceiveMessageWaitTimeSeconds": "20"}


def topology(sqs):
    dead = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 3}
    sqs.create_queue(
        QueueName="orders", Attributes=ATTRIBUTES | {"RedrivePolicy": json.dumps(policy)}
    )


def intake(sqs, database):
    queue = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    for key in database.keys("checkouts"):
        orders = database.get("checkouts", key)["orders"]
        left = [{"Id": order["id"], "MessageBody": json.dumps(order)} for order in orders]
        while left:
            try:
                told = sqs.send_message_batch(QueueUrl=queue, Entries=left)
            except ClientError as error:
                print("not sent:", error)
                left = left[:10]
                continue
            sent = {each["Id"] for each in told.get("Successful", [])}
            left = [entry for entry in left if entry["Id"] not in sent]
        database.delete("checkouts", key)


def worker(sqs, payments):
    queue = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        done = []
        for message in told.get("Messages", []):
            try:
                order = json.loads(message["Body"])
                payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            except Exception:
                continue  # it comes back when its visibility timeout is over
            entry = {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
            done.append(entry)
        if done:
            # What fails here comes back, and its charge has its key.
            sqs.delete_message_batch(QueueUrl=queue, Entries=done)
