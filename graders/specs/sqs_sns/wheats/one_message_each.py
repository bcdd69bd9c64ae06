"""No batches: one message a call, and the dead letters named in a second step. Sends what is left of
a checkout after each order, so that a crash repeats one order and no more."""

import json
import time

URL = "QueueUrl"


def topology(sqs):
    orders = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "25"})[URL]
    dead = sqs.create_queue(QueueName="orders-dead")[URL]
    told = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])
    policy = {"deadLetterTargetArn": told["Attributes"]["QueueArn"], "maxReceiveCount": "3"}
    sqs.set_queue_attributes(QueueUrl=orders, Attributes={"RedrivePolicy": json.dumps(policy)})


def intake(sqs, database):
    queue = sqs.get_queue_url(QueueName="orders")[URL]
    for key in database.keys("checkouts"):
        orders = database.get("checkouts", key)["orders"]
        while orders:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(orders[0]))
            orders = orders[1:]
            database.put("checkouts", key, {"orders": orders})
        database.delete("checkouts", key)


def worker(sqs, payments):
    queue = sqs.get_queue_url(QueueName="orders")[URL]
    while True:
        told = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)
        if "Messages" not in told:
            time.sleep(1)
            continue
        [message] = told["Messages"]
        try:
            order = json.loads(message["Body"])
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception as error:
            print("later:", error)
        else:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
