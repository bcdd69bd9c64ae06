"""The boto3-shaped clients: what they give and refuse, what faults and time do to their calls."""

import pytest

from minibroker.sim.trace import Delivered, Exited, Published, Requeued, Settled
from tests.minibroker.tiny import Ran, Scenario, Setting, play, worker

RECEIVE = "sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)"


def sent(*bodies: str, at: float = 0, **attributes: str) -> Scenario:
    """A queue, and messages in it from `at` seconds on."""

    def scenario(stage: Setting) -> None:
        stage.aws.create_queue("scenario", "orders", attributes)
        for body in bodies:
            stage.world.at(
                round(at * 1_000_000),
                lambda body=body: stage.aws.send_message("scenario", "orders", body),
            )

    return scenario


QUEUE = sent()


def ran(body: str, scenario: Scenario = QUEUE, plan: str = "none", **more: object) -> Ran:
    head = 'from botocore.exceptions import *\nurl = "http://sqs/123456789012/orders"\n'
    return play(head + worker(body, takes="sqs, sns"), scenario, plan, **more)  # type: ignore[arg-type]


def said(body: str, scenario: Scenario = QUEUE, plan: str = "none") -> str:
    found = ran(body, scenario, plan, restarts=0)
    assert found.exit.how in ("returned", "interrupted"), found.exit
    return found.said


# --- calls and answers -----------------------------------------------------------------------


def test_a_message_goes_in_and_comes_out_in_awss_shape() -> None:
    assert said("""
        told = sqs.send_message(QueueUrl=url, MessageBody="one")
        print(told["MD5OfMessageBody"], told["ResponseMetadata"]["HTTPStatusCode"])
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        print(message["Body"], sorted(message))
        print("Messages" in sqs.receive_message(QueueUrl=url))
    """) == (
        "f97c5d29941bfb1b2fdab0874906ab82 200\n"
        "one ['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle']\nFalse\n"
    )


def test_bytes_pass_as_the_value_of_an_attribute() -> None:
    assert "b'\\x00\\xff'" in said("""
        sqs.send_message(QueueUrl=url, MessageBody="one", MessageAttributes={
            "a": {"DataType": "Binary", "BinaryValue": bytes([0, 255])}})
        print(sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]))
    """)


def test_what_is_published_comes_to_the_queues_that_listen() -> None:
    assert (
        said("""
        topic = sns.create_topic(Name="events")["TopicArn"]
        arn = "arn:aws:sqs:us-east-1:123456789012:orders"
        statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Statement": statement})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.publish(TopicArn=topic, Message="news")
        print(json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])["Message"])
    """)
        == "news\n"
    )


@pytest.mark.parametrize(
    ("call", "code", "kind"),
    [
        ('sqs.get_queue_url(QueueName="no")', "AWS.SimpleQueueService.NonExistentQueue",
         "sqs.exceptions.QueueDoesNotExist"),
        ('sqs.create_queue(QueueName="q", Attributes={"MaxReceiveCount": "3"})',
         "InvalidAttributeName", "sqs.exceptions.InvalidAttributeName"),
        ('sns.publish(TopicArn="arn:aws:sns:us-east-1:123456789012:no", Message="x")', "NotFound",
         "sns.exceptions.NotFoundException"),
        ("sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11)", "InvalidParameterValue",
         "ClientError"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_client_error_with_its_code_and_its_class(
    call: str, code: str, kind: str
) -> None:
    assert (
        said(f"""
        try:
            {call}
        except {kind} as error:
            assert isinstance(error, ClientError)
            print(error.response["Error"]["Code"])
    """)
        == f"{code}\n"
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("sqs.send_message(QueueUrl=url)", 'Missing required parameter in input: "MessageBody"'),
        ("sqs.delete_queue(Url=url)", 'Unknown parameter in input: "Url", must be one of: Que'),
        ('sqs.receive_message(QueueUrl=url, WaitTimeSeconds="20")',
         "Invalid type for parameter WaitTimeSeconds, value: 20, type: <class 'str'>, "
         "valid types: <class 'int'>"),
        ("sqs.send_message_batch(QueueUrl=url, Entries=[{}])",
         'Missing required parameter in Entries[0]: "Id"'),
        ('sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": 0})',
         "Invalid type for parameter Attributes.DelaySeconds, value: 0"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused_before_anything_is_sent(call: str, words: str) -> None:
    found = ran(f"""
        try:
            {call}
        except ParamValidationError as error:
            print(error)
    """)
    assert found.said.startswith("Parameter validation failed:\n")
    assert words in found.said
    assert "Requested" not in found.kinds


def test_positional_arguments_are_refused_as_boto3_refuses_them() -> None:
    found = ran("sqs.send_message(url, 'one')", restarts=0)
    assert (found.exit.error, found.exit.message) == (
        "TypeError", "send_message() only accepts keyword arguments.",
    )  # fmt: skip


def test_a_call_outside_the_subset_is_named() -> None:
    found = ran("sns.set_sms_attributes(attributes={})", restarts=0)
    assert found.exit.error == "NotInSubset"
    assert "boto3.client('sns').set_sms_attributes" in found.exit.message


def test_boto3_itself_cannot_be_imported() -> None:
    found = ran("import boto3", restarts=0)
    assert "use the sqs and sns clients" in found.exit.message


# --- time --------------------------------------------------------------------------------------


def test_a_long_poll_waits_for_what_comes_at_virtual_time() -> None:
    assert (
        said(
            f"""
        began = time.time()
        print({RECEIVE}["Messages"][0]["Body"], round(time.time() - began))
        """,
            sent("one", at=7),
        )
        == "one 7\n"
    )


def test_a_receiver_that_has_stopped_waiting_swallows_nothing() -> None:
    found = ran(
        """
        print("Messages" in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2))
        time.sleep(5)
        print(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
        """,
        sent("one", at=4),
    )
    assert found.said == "False\none\n"
    assert [event.attempt for event in found.trace.of(Delivered)] == [1]


def test_what_comes_at_the_very_moment_when_the_wait_is_over_is_not_swallowed() -> None:
    found = ran(
        """
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)
        time.sleep(1)
        print(len(sqs.receive_message(QueueUrl=url).get("Messages", [])))
        """,
        sent("one", at=2),
    )
    assert found.said == "1\n"
    assert [event.attempt for event in found.trace.of(Delivered)] == [1]


CONSUMER = f"""
    while True:
        for message in {RECEIVE}.get("Messages", []):
            print(message["Body"], round(time.time() - 1767603600))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
"""


def test_a_crash_leaves_a_message_in_flight_until_its_visibility_timeout() -> None:
    found = ran(CONSUMER, sent("one", VisibilityTimeout="10"), "crash:1")
    assert found.said == "one 10\n"
    [back] = found.trace.of(Requeued)
    assert (back.why, back.at) == ("visibility timeout", 10_000_000)


def test_another_receives_what_a_paused_worker_holds_and_the_old_handle_deletes_nothing() -> None:
    found = ran(
        f"""
        while True:
            for message in {RECEIVE}.get("Messages", []):
                time.sleep(40)  # longer than the lease
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return
        """,
        sent("one"),
        "pause:1",
        members=("worker-1", "worker-2"),
    )
    assert [event.who for event in found.trace.of(Delivered)] == ["worker-1#1", "worker-2#1"]
    assert not [event for event in found.trace.of(Settled) if event.who == "worker-1#1"]


# --- faults ------------------------------------------------------------------------------------

SEND = """
    try:
        sqs.send_message(QueueUrl=url, MessageBody="one")
    except Exception as error:
        print(type(error).__name__)
"""


def test_a_definite_error_did_nothing() -> None:
    found = ran(SEND, plan="definite:1")
    assert found.said == "EndpointConnectionError\n"
    assert not found.trace.of(Published)


def test_an_indefinite_error_has_happened() -> None:
    found = ran(SEND, plan="indefinite:1")
    assert found.said == "ReadTimeoutError\n"
    assert len(found.trace.of(Published)) == 1


@pytest.mark.parametrize("many", [1, 3])
def test_a_batch_fails_in_part_and_raises_nothing(many: int) -> None:
    found = ran(
        f"""
        entries = [{{"Id": str(n), "MessageBody": str(n)}} for n in range({many})]
        told = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        print([each["Id"] for each in told["Successful"]])
        print([(each["Id"], each["SenderFault"]) for each in told["Failed"]])
        """,
        plan="definite:1",
    )
    assert found.said == f"{[str(n) for n in range(1, many)]}\n[('0', False)]\n"
    assert len(found.trace.of(Published)) == many - 1


def test_a_publish_batch_fails_in_part_too() -> None:
    assert (
        said(
            """
        topic = sns.create_topic(Name="events")["TopicArn"]
        entries = [{"Id": str(n), "Message": str(n)} for n in range(2)]
        told = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        print([each["Id"] for each in told["Failed"]])
        """,
            plan="definite:2",
        )
        == "['0']\n"
    )


def test_a_standard_queue_may_hand_out_a_message_once_more() -> None:
    found = ran(CONSUMER, sent("one"), "duplicate:1")
    assert found.said == "one 0\none 0\n"


def test_a_fifo_queue_does_not() -> None:
    def scenario(stage: Setting) -> None:
        stage.aws.create_queue("scenario", "orders.fifo", {"FifoQueue": "true"})
        stage.aws.send_message(
            "scenario", "orders.fifo", "one", message_group_id="a", message_deduplication_id="b"
        )

    found = ran(CONSUMER.replace("url", 'url + ".fifo"'), scenario, "duplicate:1")
    assert found.said == "one 0\n"


def test_an_error_that_a_fault_gave_is_not_held_against_the_process() -> None:
    found = ran('sqs.send_message(QueueUrl=url, MessageBody="one")', plan="definite:1", restarts=0)
    assert [event.how for event in found.trace.of(Exited)] == ["raised", "returned"]
