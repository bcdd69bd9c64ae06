"""Takes ten orders under the lease of one.

anomaly: expired_lease
"""

import json


def worker(sqs, payments):
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        done = []
        for message in told.get("Messages", []):
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
            entry = {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
            done.append(entry)
        if done:
            sqs.delete_message_batch(QueueUrl=url, Entries=done)
