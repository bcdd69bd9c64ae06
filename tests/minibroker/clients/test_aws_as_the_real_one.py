"""The boto3-shaped clients beside boto3's own, against the same broker's wire server."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from minibroker.clients.aws_errors import exceptions_of
from minibroker.clients.aws_params import checked, members
from minibroker.clients.aws_shapes import ACTIONS, ERRORS, OPS, OUTSIDE, STRUCTURES, error_class, op
from minibroker.wire.aws.models import Service, service
from minibroker.wire.aws.running import Running, start
from tests.minibroker.tiny import play, worker

pytest.importorskip("boto3")

SERVICES = ("sqs", "sns")


# --- the tables --------------------------------------------------------------------------------


def kind(model: Service, name: str) -> object:
    """A shape of the model, as the tables would have to say it."""
    shape = model.shapes[name]
    match shape["type"]:
        case "structure":
            required = shape.get("required", ())
            return {
                each: (each in required, kind(model, of["shape"]))
                for each, of in shape["members"].items()
            }
        case "list":
            return [kind(model, shape["member"]["shape"])]
        case "map":
            return ("map", kind(model, shape["value"]["shape"]))
        case "integer" | "long":
            return "int"
        case "boolean":
            return "flag"
        case "blob":
            return "blob"
    return ""


def table(said: str) -> object:
    """A line of the tables, in the same form."""
    return {name: (member.required, typed(member.kind)) for name, member in members(said).items()}


def typed(said: str) -> object:
    if said.startswith("["):
        return [typed(said[1:-1])]
    if said.startswith("{"):
        return ("map", typed(said[1:-1]))
    return table(STRUCTURES[said]) if said in STRUCTURES else said


@pytest.mark.parametrize(
    ("name", "action"), [(name, action) for name in SERVICES for action in ACTIONS[name]]
)
def test_the_tables_say_what_botocores_model_says(name: str, action: str) -> None:
    model = service(name)
    assert table(ACTIONS[name][action]) == kind(model, model.operations[action]["input"]["shape"])


@pytest.mark.parametrize("name", SERVICES)
def test_the_errors_are_those_of_the_model(name: str) -> None:
    model = service(name)
    real = {each for each, shape in model.shapes.items() if shape.get("exception")}
    assert set(ERRORS[name]) == real
    for each in real:
        code = model.shapes[each].get("error", {}).get("code", each)
        assert error_class(name, code) == each


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.mark.parametrize("name", SERVICES)
def test_every_method_of_the_real_client_is_simulated_or_refused_by_name(
    name: str, server: Running
) -> None:
    there = {each for each in dir(server.client(name)) if not each.startswith("_")}
    assert there - {"exceptions"} == {*OPS[name], *OUTSIDE[name]}


# --- the same calls ----------------------------------------------------------------------------

CALLS = """
def calls(sqs, sns):
    def tried(call, **given):
        try:
            told = call(**given)
        except Exception as error:
            response = getattr(error, "response", {})
            kinds = [each.__name__ for each in type(error).__mro__ if each.__name__ != "object"]
            return kinds[:2], response.get("Error"), str(error)
        return {name: value for name, value in told.items() if name != "ResponseMetadata"}

    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    topic = sns.create_topic(Name="events")["TopicArn"]
    entries = [
        {"Id": "a", "MessageBody": "one"},
        {"Id": "b", "MessageBody": "two", "DelaySeconds": 901},
    ]
    empty = [{"Id": "a", "Message": ""}]
    names = ["QueueArn", "VisibilityTimeout"]
    arn = "arn:aws:sqs:us-east-1:123456789012:orders"
    yield tried(sqs.get_queue_url, QueueName="no")
    yield tried(sqs.create_queue, QueueName="q", Attributes={"MaxReceiveCount": "3"})
    yield tried(sqs.create_queue, QueueName="q!")
    yield tried(sqs.create_queue, Name="q")
    yield tried(sqs.send_message, QueueUrl=url, MessageBody=7, DelaySeconds="x")
    yield tried(sqs.send_message_batch, QueueUrl=url, Entries=entries)
    yield tried(sqs.send_message_batch, QueueUrl=url, Entries=[])
    yield tried(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11)
    yield tried(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=names)
    yield tried(sqs.delete_message, QueueUrl=url, ReceiptHandle="nonsense")
    yield tried(sqs.change_message_visibility_batch, QueueUrl=url, Entries=[{"Id": "a"}])
    yield tried(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint="nonsense")
    yield tried(sns.subscribe, TopicArn=topic + "x", Protocol="sqs", Endpoint=arn)
    yield tried(sns.publish, TopicArn=topic, Message="")
    yield tried(sns.publish, TopicArn=topic)
    yield tried(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=empty)
    yield tried(sns.get_subscription_attributes, SubscriptionArn=topic + ":no")
    yield tried(sns.list_subscriptions_by_topic, TopicArn=topic)
    yield tried(sqs.purge_queue, QueueUrl=url)
    yield tried(sqs.delete_queue, QueueUrl=url + "x")
"""


def test_answers_and_errors_are_the_same_as_the_real_clients(server: Running) -> None:
    scope: dict[str, Any] = {}
    exec(CALLS, scope)
    with closing(server.client("sqs")) as sqs, closing(server.client("sns")) as sns:
        expected = [*scope["calls"](sqs, sns)]
    body = "for each in calls(sqs, sns):\n    print(json.dumps(each))"
    found = play(CALLS + "\n\n" + worker(body, takes="sqs, sns"), effects=200)
    got = [json.loads(line) for line in found.said.splitlines()]
    assert len(got) == len(expected), found.exit
    for ours, theirs in zip(got, json.loads(json.dumps(expected)), strict=True):
        assert without_ids(ours) == without_ids(theirs)


def without_ids(value: Any) -> Any:
    """A message's id is another one in each run."""
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if name != "MessageId"}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


def test_the_parameters_that_are_sent_are_plain_values() -> None:
    sent, wrong = checked(
        "sqs",
        "SendMessage",
        {
            "QueueUrl": "u", "MessageBody": "b",
            "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": bytearray(b"x")}},
        },
    )  # fmt: skip
    assert not wrong
    assert type(sent["MessageAttributes"]["a"]["BinaryValue"]) is bytes


def test_an_operation_is_named_as_boto3_names_it() -> None:
    assert op("ListDeadLetterSourceQueues") == "list_dead_letter_source_queues"


def test_an_unknown_code_is_a_plain_client_error() -> None:
    assert exceptions_of("sqs").from_code("Nonsense").__name__ == "ClientError"
