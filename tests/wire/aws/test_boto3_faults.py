"""What a lesson lets go wrong, as boto3 sees it."""

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from minibroker.sim.trace import Published, Trace
from minibroker.wire.aws.running import start


def count(sqs, url):
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(told["ApproximateNumberOfMessages"])


def test_a_closed_connection_leaves_the_client_in_the_dark_and_the_message_sent(aws, sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    aws.fail("SendMessage", close=True)
    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=url, MessageBody="order-1")
    assert count(sqs, url) == 1


def test_a_client_that_tries_again_by_itself_sends_it_twice(aws, client):
    retrying = client("sqs", config=Config(retries={"total_max_attempts": 2}))
    url = retrying.create_queue(QueueName="orders")["QueueUrl"]
    aws.fail("SendMessage", close=True)
    retrying.send_message(QueueUrl=url, MessageBody="order-1")
    assert count(retrying, url) == 2


def test_a_refused_connection_and_an_error_change_nothing(aws, sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    aws.fail("SendMessage", refuse=True)
    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=url, MessageBody="order-1")
    aws.fail("SendMessage", error="RequestThrottled")
    with pytest.raises(sqs.exceptions.RequestThrottled):
        sqs.send_message(QueueUrl=url, MessageBody="order-1")
    aws.fail("SendMessage", error="ServiceUnavailable", skip=1)
    sqs.send_message(QueueUrl=url, MessageBody="order-1")
    with pytest.raises(ClientError) as raised:
        sqs.send_message(QueueUrl=url, MessageBody="order-2")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert count(sqs, url) == 1


def test_an_answer_may_come_late_and_all_may_be_healed(aws, sqs):
    aws.fail("CreateQueue", delay=0.1, times=5)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    aws.fail("SendMessage", close=True, times=1000)
    aws.heal()
    sqs.send_message(QueueUrl=url, MessageBody="order-1")
    assert count(sqs, url) == 1


def test_a_fault_that_cannot_be_is_refused_where_it_is_asked_for(aws):
    with pytest.raises(ValueError, match="there is no action 'Send'"):
        aws.fail("Send", close=True)
    with pytest.raises(ValueError, match="there is no error 'Oops'"):
        aws.fail("SendMessage", error="Oops")
    with pytest.raises(ValueError, match="does nothing"):
        aws.fail("SendMessage")


def test_a_server_with_a_trace_tells_what_happened():
    trace = Trace()
    with start(trace=trace) as aws:
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="order-1")
        [event] = aws.ask(lambda server: server.trace.of(Published))
        sqs.close()
    assert (event.queues, event.body) == (["orders"], b"order-1")
