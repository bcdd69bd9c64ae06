"""boto3's SQS client against the wire server."""

import json
import threading

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


def bodies(told):
    return [message["Body"] for message in told.get("Messages", [])]


def test_a_message_is_sent_received_and_deleted(sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    attributes = {
        "Kind": {"DataType": "String", "StringValue": "paid"},
        "Total": {"DataType": "Number.cents", "StringValue": "1250"},
        "Seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = sqs.send_message(
        QueueUrl=url, MessageBody="Grüße & <order-1>", MessageAttributes=attributes
    )  # boto3 compares the digest of the body by itself
    [message] = sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "Grüße & <order-1>"
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["ApproximateNumberOfMessages"] == told["ApproximateNumberOfMessagesNotVisible"]
    assert told["QueueArn"] == "arn:aws:sqs:us-east-1:123456789012:orders"


def test_an_error_is_an_exception_of_the_client_with_the_older_code_in_it(sqs):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as raised:
        sqs.get_queue_url(QueueName="nowhere")
    error = raised.value.response["Error"]
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Type"] == "Sender"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_is_wrong_is_refused_in_awss_words(sqs):
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.create_queue(QueueName="orders", Attributes={"Colour": "red"})
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="fake")
    with pytest.raises(ClientError) as raised:
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11)
    assert raised.value.response["Error"] == {
        "Code": "InvalidParameterValue",
        "Message": "Value 11 for parameter MaxNumberOfMessages is invalid. "
        "Reason: Must be between 1 and 10, if provided.",
        "QueryErrorCode": "InvalidParameterValueException",
        "Type": "Sender",
    }


def test_a_receiver_that_waits_is_answered_when_a_message_comes(aws, sqs, client):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    got = []
    waiter = client("sqs")

    def wait():
        got.extend(bodies(waiter.receive_message(QueueUrl=url, WaitTimeSeconds=20)))

    thread = threading.Thread(target=wait)
    thread.start()
    while not aws.ask(lambda server: server.engine().region.queues["orders"].polls):
        pass
    sqs.send_message(QueueUrl=url, MessageBody="order-1")
    thread.join(60)
    assert got == ["order-1"]


def test_a_receiver_that_waits_is_answered_with_nothing_when_its_time_is_over(sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)


def test_a_receiver_that_has_gone_is_handed_nothing(aws, sqs, client):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    hasty = client("sqs", config=Config(read_timeout=0.5, retries={"total_max_attempts": 1}))
    with pytest.raises(Exception, match="Read timeout"):
        hasty.receive_message(QueueUrl=url, WaitTimeSeconds=20)

    def waiting(server):
        return [p for p in server.engine().region.queues["orders"].polls if not p.done]

    while aws.ask(waiting):
        pass
    sqs.send_message(QueueUrl=url, MessageBody="order-1")
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)) == ["order-1"]


def test_a_message_comes_again_after_its_visibility_timeout(sqs):
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="order-1")
    [first] = sqs.receive_message(QueueUrl=url)["Messages"]
    [again] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]


def test_a_poison_message_goes_to_the_dead_letters_and_back(sqs):
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    url = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="order-1")
    for _ in range(2):
        assert bodies(sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)) == ["order-1"]
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.start_message_move_task(SourceArn=arn)
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)) == ["order-1"]


def test_a_fifo_queue_keeps_the_order_of_a_group(sqs):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="orders.fifo", Attributes=attributes)["QueueUrl"]
    entries = [
        {"Id": str(n), "MessageBody": f"{group}{n}", "MessageGroupId": group}
        for n, group in enumerate("abab")
    ]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    numbers = [int(each["SequenceNumber"]) for each in sent]
    assert numbers == sorted(numbers)
    told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    assert bodies(told) == ["a0", "a2", "b1", "b3"]
    assert bodies(sqs.receive_message(QueueUrl=url)) == []


def test_batches_tell_what_became_of_each_entry(sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)]
    )
    got = []
    while len(got) < 10:
        got += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    entries = [
        {"Id": str(n), "ReceiptHandle": each["ReceiptHandle"], "VisibilityTimeout": 60}
        for n, each in enumerate(got)
    ]
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    assert len(changed["Successful"]) == 10
    for entry in entries:
        del entry["VisibilityTimeout"]
    entries[0]["ReceiptHandle"] = "fake"
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert len(deleted["Successful"]) == 9
    assert deleted["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"


def test_queues_are_listed_in_pages_tagged_and_purged(sqs):
    for number in range(5):
        sqs.create_queue(QueueName=f"orders-{number}", tags={"team": "shop"})
    sqs.create_queue(QueueName="other")
    pages = sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix="orders", PaginationConfig={"PageSize": 2}
    )
    urls = [url for page in pages for url in page.get("QueueUrls", [])]
    assert [url.rpartition("/")[2] for url in urls] == [f"orders-{n}" for n in range(5)]
    assert sqs.list_queue_tags(QueueUrl=urls[0])["Tags"] == {"team": "shop"}
    sqs.send_message(QueueUrl=urls[0], MessageBody="x")
    sqs.purge_queue(QueueUrl=urls[0])
    assert bodies(sqs.receive_message(QueueUrl=urls[0])) == []
    with pytest.raises(sqs.exceptions.PurgeQueueInProgress):
        sqs.purge_queue(QueueUrl=urls[0])
    sqs.delete_queue(QueueUrl=urls[0])
    with pytest.raises(sqs.exceptions.QueueDeletedRecently):
        sqs.create_queue(QueueName="orders-0")


def test_the_resource_interface_works(aws):
    sqs = boto3.resource(
        "sqs",
        endpoint_url=aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    queue = sqs.create_queue(QueueName="orders")
    queue.send_message(MessageBody="order-1")
    [message] = queue.receive_messages()
    message.delete()
    assert sqs.get_queue_by_name(QueueName="orders").url == queue.url
    sqs.meta.client.close()


def test_regions_have_queues_of_their_own(client):
    here, there = client("sqs"), client("sqs", region_name="eu-west-1")
    here.create_queue(QueueName="orders")
    with pytest.raises(there.exceptions.QueueDoesNotExist):
        there.get_queue_url(QueueName="orders")


def test_a_request_that_nobody_signed_is_refused(client):
    nobody = client("sqs", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError) as raised:
        nobody.list_queues()
    assert raised.value.response["Error"]["Code"] == "MissingAuthenticationToken"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_who_am_i_is_answered(client):
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
