"""No filter: what is fetched in the store has a topic of its own, which the shipping does not hear.
Publishes and deletes in batches, and leaves in the queue what an answer lists under Failed."""

import json

STATEMENT = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "SQS:SendMessage",
    "Condition": {"StringLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}},
}
HEARS = {
    "stock-events": ["home-orders", "store-orders"],
    "shipping-events": ["home-orders"],
    "mail-events": ["home-orders", "store-orders", "refund-events"],
}


def topology(sqs, sns):
    for queue, topics in HEARS.items():
        url = sqs.create_queue(QueueName=queue)["QueueUrl"]
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        arn = told["Attributes"]["QueueArn"]
        policy = {"Version": "2012-10-17", "Statement": STATEMENT | {"Resource": arn}}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        for name in topics:
            topic = sns.create_topic(Name=name)["TopicArn"]
            made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
            sns.set_subscription_attributes(
                SubscriptionArn=made["SubscriptionArn"],
                AttributeName="RawMessageDelivery",
                AttributeValue="true",
            )


def batches(sqs, name):
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while True:
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        if messages := told.get("Messages"):
            done = []
            yield messages, done
            entries = [
                {"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]}
                for n, each in enumerate(done)
            ]
            if entries:
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def publisher(sqs, sns):
    for messages, done in batches(sqs, "orders"):
        for delivery in ("home", "store"):
            mine = [m for m in messages if json.loads(m["Body"])["delivery"] == delivery]
            entries = [{"Id": m["MessageId"], "Message": m["Body"]} for m in mine]
            if not entries:
                continue
            topic = sns.create_topic(Name=f"{delivery}-orders")["TopicArn"]
            told = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
            sent = {each["Id"] for each in told["Successful"]}
            done += [m for m in mine if m["MessageId"] in sent]


def stock_keeper(sqs, stock):
    for messages, done in batches(sqs, "stock-events"):
        for message in messages:
            order = json.loads(message["Body"])
            stock.reserve(order["id"], order["items"], order["id"])
            done.append(message)


def shipper(sqs, shipping):
    for messages, done in batches(sqs, "shipping-events"):
        for message in messages:
            order = json.loads(message["Body"])["id"]
            shipping.book(order, idempotency_key=f"ship {order}")
            done.append(message)


def mailer(sqs, mail):
    for messages, done in batches(sqs, "mail-events"):
        for message in messages:
            order = json.loads(message["Body"])
            text = "Your refund" if "cents" in order else "Your order"
            mail.send(order["id"], text, f"{text} {order['id']}")
            done.append(message)
