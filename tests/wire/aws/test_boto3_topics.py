"""boto3's SNS client against the wire server."""

import json

import pytest


def queue(sqs, name, topic):
    """A queue that permits the topic to send to it; gives its URL and ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def test_a_message_fans_out_to_queues_by_their_filter_policies(sqs, sns):
    topic = sns.create_topic(Name="orders")["TopicArn"]
    urls = {}
    for kind in ("paid", "sent"):
        urls[kind], arn = queue(sqs, kind, topic)
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={
                "FilterPolicy": json.dumps({"kind": [kind]}),
                "RawMessageDelivery": "true",
            },
        )
    attributes = {
        "kind": {"DataType": "String", "StringValue": "paid"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sns.publish(TopicArn=topic, Message="order-1 & <more>\r\n", MessageAttributes=attributes)
    [message] = sqs.receive_message(QueueUrl=urls["paid"], MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert message["Body"] == "order-1 & <more>\r\n"
    assert message["MessageAttributes"] == attributes
    assert "Messages" not in sqs.receive_message(QueueUrl=urls["sent"])


def test_a_queue_that_permits_nothing_gets_nothing(sqs, sns):
    topic = sns.create_topic(Name="orders")["TopicArn"]
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:orders"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert sns.publish(TopicArn=topic, Message="order-1")["MessageId"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_the_envelope_is_the_one_that_programs_parse(sqs, sns):
    topic = sns.create_topic(Name="orders")["TopicArn"]
    url, arn = queue(sqs, "orders", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    told = sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[{"Id": "1", "Message": "order-1", "Subject": "Paid"}],
    )
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["Type"] == "Notification"
    assert (envelope["Message"], envelope["Subject"]) == ("order-1", "Paid")
    assert envelope["MessageId"] == told["Successful"][0]["MessageId"]
    assert envelope["Timestamp"].endswith("Z")


def test_topics_and_subscriptions_are_set_up_listed_and_deleted(sqs, sns):
    topic = sns.create_topic(Name="orders", Tags=[{"Key": "team", "Value": "shop"}])["TopicArn"]
    assert sns.create_topic(Name="orders")["TopicArn"] == topic
    _, arn = queue(sqs, "orders", topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    told = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert told["RawMessageDelivery"] == "true"
    assert told["PendingConfirmation"] == "false"
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="DisplayName", AttributeValue="Orders & more"
    )
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (told["DisplayName"], told["SubscriptionsConfirmed"]) == ("Orders & more", "1")
    assert sns.list_topics()["Topics"] == [{"TopicArn": topic}]
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["Endpoint"] == arn
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [
        {"Key": "team", "Value": "shop"}
    ]
    sns.unsubscribe(SubscriptionArn=subscription)
    assert sns.list_subscriptions()["Subscriptions"] == []
    sns.delete_topic(TopicArn=topic)
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=topic)


def test_what_reaches_outside_is_refused_in_a_sentence(sns):
    topic = sns.create_topic(Name="orders")["TopicArn"]
    with pytest.raises(sns.exceptions.InvalidParameterException, match="reaches outside"):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="shop@example.com")
    with pytest.raises(sns.exceptions.ClientError, match="not served here"):
        sns.list_phone_numbers_opted_out()


def test_a_fifo_topic_feeds_a_fifo_queue_in_order(sqs, sns):
    topic = sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    url = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:orders.fifo"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})}
    )
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    for body in ("1", "2", "2", "3"):
        sns.publish(TopicArn=topic, Message=body, MessageGroupId="a", MessageDeduplicationId=body)
    told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in told] == ["1", "2", "3"]
