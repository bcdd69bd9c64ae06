"""What the scenarios of SQS and SNS do again and again."""

ATTRIBUTES = ["ApproximateReceiveCount", "DeadLetterQueueSourceArn", "MessageGroupId"]


def made(sqs, queue, **attributes):
    """The URL of a new queue; its attributes as text."""
    given = {key: str(value) for key, value in attributes.items()}
    return sqs.create_queue(QueueName=queue, Attributes=given)["QueueUrl"]


def arn(sqs, url):
    """The ARN of a queue."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def received(sqs, url, **options):
    """What one receive brings."""
    given = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 0, **options}
    found = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"], **given)
    return found.get("Messages", [])


def bodies(messages):
    """Their bodies."""
    return [message["Body"] for message in messages]


def times(messages):
    """How often each has been received."""
    return [int(message["Attributes"]["ApproximateReceiveCount"]) for message in messages]


def waiting(sqs, url):
    """How many are ready, held and delayed."""
    names = ["", "NotVisible", "Delayed"]
    wanted = [f"ApproximateNumberOfMessages{each}" for each in names]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
    return [int(found[each]) for each in wanted]


def refusal(call):
    """The code of what the service raises, and its HTTP status; None if it does not."""
    try:
        call()
    except Exception as error:
        told = getattr(error, "response", {})
        return {
            "error": type(error).__name__,
            "code": told.get("Error", {}).get("Code"),
            "status": told.get("ResponseMetadata", {}).get("HTTPStatusCode"),
        }
    return {"error": None, "code": None, "status": None}
