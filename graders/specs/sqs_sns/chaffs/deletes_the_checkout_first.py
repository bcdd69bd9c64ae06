"""Deletes the checkout before its orders are sent: a crash between loses them.

anomaly: lost_message in crash_safety
"""

import json

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
        database.delete("checkouts", key)
        left = [{"Id": order["id"], "MessageBody": json.dumps(order)} for order in orders]
        while left:
            batch = left[:10]
            told = sqs.send_message_batch(QueueUrl=queue, Entries=batch)
            sent = {each["Id"] for each in told.get("Successful", [])}
            left = [entry for entry in left if entry["Id"] not in sent]


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
