"""SQS: visibility, redrive, delay, FIFO order and deduplication, batches, errors.

The other implementation is moto's server. Left to the tests of `minibroker.aws` is what it does
otherwise than the SQS API describes: it forgets a deduplication id when the message is deleted, and
gives another MessageId to what it takes for the same; it takes attributes of queues that it does
not know, and values out of their range, a negative visibility timeout and an empty body; a receipt
handle that is none is 404 there.
"""

import json
import time

from tests.fidelity.aws_steps import arn, bodies, made, received, refusal, times, waiting
from tests.fidelity.history import alias
from tests.fidelity.scenario import after, scenario


@scenario("aws", "what is not deleted comes again after its visibility timeout", ends="killed")
def receives_and_dies(sqs, name, note):
    orders = made(sqs, name("orders"), VisibilityTimeout=2)
    sqs.send_message(QueueUrl=orders, MessageBody="order")
    for _ in range(2):
        found = received(sqs, orders)
        note("received", bodies=bodies(found), times=times(found))
        for message in found:
            note("handle", id=alias("message", message["MessageId"]),
                 handle=alias("handle", message["ReceiptHandle"]))  # fmt: skip
    note("waiting", counts=waiting(sqs, orders))


@after(receives_and_dies)
def receives_again(sqs, name, note):
    orders = sqs.get_queue_url(QueueName=name("orders"))["QueueUrl"]
    time.sleep(2.5)
    found = received(sqs, orders)
    note("received", bodies=bodies(found), times=times(found))
    for message in found:
        note("handle", id=alias("message", message["MessageId"]),
             handle=alias("handle", message["ReceiptHandle"]))  # fmt: skip
        sqs.delete_message(QueueUrl=orders, ReceiptHandle=message["ReceiptHandle"])
    time.sleep(2.5)
    note("received", bodies=bodies(received(sqs, orders)), counts=waiting(sqs, orders))


@scenario("aws", "a message's visibility timeout can be changed while it is held")
def changes_visibility(sqs, name, note):
    orders = made(sqs, name("orders"), VisibilityTimeout=60)
    sqs.send_message(QueueUrl=orders, MessageBody="order")

    def change(span):
        [message] = received(sqs, orders)
        note("received", times=times([message]))
        handle = message["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=orders, ReceiptHandle=handle, VisibilityTimeout=span)
        return handle

    change(0)
    change(2)
    note("received", bodies=bodies(received(sqs, orders)))
    time.sleep(2.5)
    handle = change(60)
    note("waiting", counts=waiting(sqs, orders))
    note("refused", **refusal(lambda: sqs.change_message_visibility(
        QueueUrl=orders, ReceiptHandle=handle, VisibilityTimeout=43201)))  # fmt: skip


@scenario("aws", "after so many receives a message goes to the dead-letter queue")
def is_received_too_often(sqs, name, note):
    dead = made(sqs, name("dead"))
    policy = json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 2})
    orders = made(sqs, name("orders"), VisibilityTimeout=1, RedrivePolicy=policy)
    sent = sqs.send_message(QueueUrl=orders, MessageBody="poison")
    note("sent", id=alias("message", sent["MessageId"]))
    for _ in range(3):
        found = received(sqs, orders)
        note("received", bodies=bodies(found), times=times(found))
        time.sleep(1.3)
    found = received(sqs, dead)
    note("dead", bodies=bodies(found), ids=[alias("message", each["MessageId"]) for each in found])
    note("waiting", orders=waiting(sqs, orders), dead=waiting(sqs, dead))


@scenario("aws", "a delayed message is not there before its time")
def is_delayed(sqs, name, note):
    orders = made(sqs, name("orders"), DelaySeconds=2)
    sqs.send_message(QueueUrl=orders, MessageBody="as the queue says")
    sqs.send_message(QueueUrl=orders, MessageBody="at once", DelaySeconds=0)
    note("waiting", counts=waiting(sqs, orders))
    note("received", bodies=bodies(received(sqs, orders)))
    time.sleep(2.5)
    note("received", bodies=bodies(received(sqs, orders)))
    note("refused", **refusal(lambda: sqs.send_message(
        QueueUrl=orders, MessageBody="too late", DelaySeconds=901)))  # fmt: skip


@scenario("aws", "a long poll waits for a message, and ends empty-handed after its time")
def polls_long(sqs, name, note):
    orders = made(sqs, name("orders"))
    began = time.time()
    found = received(sqs, orders, WaitTimeSeconds=1)
    note("received", bodies=bodies(found), waited=time.time() - began >= 0.9)
    sqs.send_message(QueueUrl=orders, MessageBody="order", DelaySeconds=1)
    began = time.time()
    found = received(sqs, orders, WaitTimeSeconds=10)
    note("received", bodies=bodies(found), waited=time.time() - began < 9)
    for span in (-1, 21):
        note("refused", span=span, **refusal(lambda span=span: received(
            sqs, orders, WaitTimeSeconds=span)))  # fmt: skip
    for most in (0, 11):
        note("refused", most=most, **refusal(lambda most=most: received(
            sqs, orders, MaxNumberOfMessages=most)))  # fmt: skip


@scenario("aws", "a FIFO queue keeps the order of each group, and holds it back while one is held")
def keeps_groups_in_order(sqs, name, note):
    orders = made(sqs, name("orders") + ".fifo", FifoQueue="true", VisibilityTimeout=60,
                  ContentBasedDeduplication="true")  # fmt: skip
    for group, number in (("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2)):
        sqs.send_message(QueueUrl=orders, MessageBody=f"{group}{number}", MessageGroupId=group)
    first = received(sqs, orders, MaxNumberOfMessages=1)
    note("received", bodies=bodies(first))
    second = received(sqs, orders, MaxNumberOfMessages=1)
    note("received", bodies=bodies(second),
         groups=[each["Attributes"]["MessageGroupId"] for each in second])  # fmt: skip
    note("received", bodies=bodies(received(sqs, orders)))
    sqs.delete_message(QueueUrl=orders, ReceiptHandle=first[0]["ReceiptHandle"])
    found = received(sqs, orders, MaxNumberOfMessages=1)
    note("received", bodies=bodies(found))
    sqs.change_message_visibility(
        QueueUrl=orders, ReceiptHandle=second[0]["ReceiptHandle"], VisibilityTimeout=0
    )
    found = received(sqs, orders)
    note("received", bodies=bodies(found), times=times(found))


@scenario("aws", "a FIFO queue takes a message once in its deduplication window")
def sends_twice(sqs, name, note):
    orders = made(sqs, name("orders") + ".fifo", FifoQueue="true")
    for body, key, group in (
        ("first", "k1", "a"),
        ("the same", "k1", "a"),
        ("in another group", "k1", "b"),
        ("first", "k2", "a"),
    ):
        sqs.send_message(QueueUrl=orders, MessageBody=body, MessageGroupId=group,
                         MessageDeduplicationId=key)  # fmt: skip
        note("sent", body=body, counts=waiting(sqs, orders))
    note("received", bodies=bodies(received(sqs, orders)))
    note("refused", **refusal(lambda: sqs.send_message(
        QueueUrl=orders, MessageBody="without a group", MessageDeduplicationId="k")))  # fmt: skip
    note("refused", **refusal(lambda: sqs.send_message(
        QueueUrl=orders, MessageBody="without a key", MessageGroupId="a")))  # fmt: skip


@scenario("aws", "a batch can fail in part, and some batches do as a whole")
def sends_batches(sqs, name, note):
    orders = made(sqs, name("orders"), VisibilityTimeout=60)
    entries = [{"Id": f"e{number}", "MessageBody": f"order {number}"} for number in range(3)]
    sent = sqs.send_message_batch(QueueUrl=orders, Entries=entries)
    note("sent", ids=[each["Id"] for each in sent["Successful"]], failed=sent.get("Failed", []))
    found = received(sqs, orders)
    note("received", bodies=sorted(bodies(found)))
    gone = [{"Id": f"d{n}", "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(found)]
    done = sqs.delete_message_batch(
        QueueUrl=orders, Entries=[*gone[:2], {"Id": "bad", "ReceiptHandle": "no handle"}]
    )
    note("deleted", ids=[each["Id"] for each in done["Successful"]],
         failed=[{key: each[key] for key in ("Id", "Code", "SenderFault")}
                 for each in done.get("Failed", [])])  # fmt: skip
    note("waiting", counts=waiting(sqs, orders))
    for what, wrong in {
        "none": [],
        "eleven": [{"Id": f"e{number}", "MessageBody": "x"} for number in range(11)],
        "an id twice": [{"Id": "e", "MessageBody": "x"}, {"Id": "e", "MessageBody": "y"}],
        "a bad id": [{"Id": "e.1", "MessageBody": "x"}],
    }.items():
        said = refusal(lambda wrong=wrong: sqs.send_message_batch(QueueUrl=orders, Entries=wrong))
        note("refused", doing=what, **said)


@scenario("aws", "attributes of messages come with their digests")
def has_attributes(sqs, name, note):
    orders = made(sqs, name("orders"), VisibilityTimeout=0)
    sent = sqs.send_message(
        QueueUrl=orders,
        MessageBody="order",
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "book"},
            "weight": {"DataType": "Number.kg", "StringValue": "1.5"},
            "cover": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"},
        },
    )
    note("sent", body=sent["MD5OfMessageBody"], attributes=sent["MD5OfMessageAttributes"])
    for wanted in (["All"], ["kind"], ["k.*"], ["none"], []):
        [message] = received(sqs, orders, MessageAttributeNames=wanted)
        found = message.get("MessageAttributes", {})
        note("received", wanted=wanted, body=message["MD5OfBody"],
             digest=message.get("MD5OfMessageAttributes"),
             attributes={key: [value["DataType"],
                               value.get("StringValue", value.get("BinaryValue"))]
                         for key, value in sorted(found.items())})  # fmt: skip


@scenario("aws", "what SQS refuses has its code")
def is_refused(sqs, name, note):
    orders = made(sqs, name("orders"), VisibilityTimeout=30)
    none = orders.replace(name("orders"), name("none"))
    for what, call in {
        "send to none": lambda: sqs.send_message(QueueUrl=none, MessageBody="x"),
        "receive from none": lambda: received(sqs, none),
        "the URL of none": lambda: sqs.get_queue_url(QueueName=name("none")),
        "delete none": lambda: sqs.delete_queue(QueueUrl=none),
        "make it again": lambda: made(sqs, name("orders"), VisibilityTimeout=30),
        "make it again otherwise": lambda: made(sqs, name("orders"), VisibilityTimeout=31),
        "a name with a dot": lambda: made(sqs, name("a.b")),
        "a FIFO queue without its ending": lambda: made(sqs, name("fifo"), FifoQueue="true"),
        "ask for no such attribute": lambda: sqs.get_queue_attributes(
            QueueUrl=orders, AttributeNames=["Colour"]
        ),
        "too long a name": lambda: made(sqs, name("n" * 81)),
    }.items():
        note("told", doing=what, **refusal(call))
