"""aiobotocore's clients against the wire server."""

import asyncio

from aiobotocore.session import get_session
from botocore.config import Config

PATIENT = Config(read_timeout=60, connect_timeout=60, retries={"total_max_attempts": 1})


def client(aws, service):
    return get_session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=aws.endpoint_url,
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=PATIENT,
    )


def test_many_at_once_are_all_served(aws):
    async def run():
        async with client(aws, "sqs") as sqs:
            url = (await sqs.create_queue(QueueName="orders"))["QueueUrl"]
            waiting = asyncio.create_task(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
            await asyncio.gather(
                *(sqs.send_message(QueueUrl=url, MessageBody=str(n)) for n in range(50))
            )
            got = (await waiting)["Messages"]
            while len(got) < 50:
                told = await sqs.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20
                )
                got += told["Messages"]
            await asyncio.gather(
                *(
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
                    for each in got
                )
            )
            return sorted(int(each["Body"]) for each in got)

    assert asyncio.run(run()) == list(range(50))


def test_a_topic_reaches_a_queue(aws):
    async def run():
        async with client(aws, "sns") as sns, client(aws, "sqs") as sqs:
            topic = (await sns.create_topic(Name="orders"))["TopicArn"]
            url = (await sqs.create_queue(QueueName="orders"))["QueueUrl"]
            arn = "arn:aws:sqs:us-east-1:123456789012:orders"
            policy = (
                '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", '
                f'"Resource": "{arn}"}}}}'
            )
            await sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
            await sns.subscribe(
                TopicArn=topic,
                Protocol="sqs",
                Endpoint=arn,
                Attributes={"RawMessageDelivery": "true"},
            )
            await sns.publish(TopicArn=topic, Message="order-1")
            told = await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
            return [each["Body"] for each in told["Messages"]]

    assert asyncio.run(run()) == ["order-1"]
