"""Renews the lease of all that is still to be done, each time it has done five."""

import json

ATTRIBUTES = {"VisibilityTimeout": "40", "ReceiveMessageWaitTimeSeconds": "20"}


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
            batch = left[:10]
            told = sqs.send_message_batch(QueueUrl=queue, Entries=batch)
            sent = {each["Id"] for each in told.get("Successful", [])}
            left = [entry for entry in left if entry["Id"] not in sent]
        database.delete("checkouts", key)


def renew(sqs, queue, messages):
    entries = [
        {
            "Id": message["MessageId"],
            "ReceiptHandle": message["ReceiptHandle"],
            "VisibilityTimeout": 40,
        }
        for message in messages
    ]
    sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries)


def worker(sqs, payments):
    queue = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        messages, done = told.get("Messages", []), []
        for n, message in enumerate(messages):
            if n % 5 == 4:
                renew(sqs, queue, messages[n:])
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
