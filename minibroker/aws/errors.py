"""The refusals, with AWS's own codes ("Common errors" of the SQS and SNS API references).

An SQS error has two names: `code`, which the older protocol and boto3's ``error.response`` have,
and `shape`, by which the model and so boto3's ``client.exceptions`` know it.
"""


class AwsError(Exception):
    """A refusal. `status` is HTTP's; `type` says whose fault it is: ``Sender`` or ``Receiver``."""

    def __init__(
        self, code: str, message: str, status: int = 400, type: str = "Sender", shape: str = ""
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.type = code, message, status, type
        self.shape = shape or code


# --- SQS -----------------------------------------------------------------------------------

SERVICE = "AWS.SimpleQueueService"


def simple(name: str, message: str, status: int = 400) -> AwsError:
    """An error of the queue service whose code is its name after the service's."""
    return AwsError(f"{SERVICE}.{name}", message, status, shape=name)


def no_queue() -> AwsError:
    """There is no such queue."""
    message = "The specified queue does not exist."
    return AwsError(f"{SERVICE}.NonExistentQueue", message, shape="QueueDoesNotExist")


def queue_exists(attribute: str) -> AwsError:
    """A queue of that name has other attributes."""
    message = (
        f"A queue already exists with the same name and a different value for attribute {attribute}"
    )
    return AwsError("QueueAlreadyExists", message, shape="QueueNameExists")


def bad_value(parameter: str, value: object, reason: str) -> AwsError:
    """A parameter of a message call has a value that is not allowed."""
    return bad_parameter(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def bad_parameter(message: str) -> AwsError:
    """Likewise, in the service's other words."""
    return AwsError("InvalidParameterValue", message, shape="InvalidParameterValueException")


def missing(parameter: str) -> AwsError:
    """A parameter has to be there and is not."""
    message = f"The request must contain the parameter {parameter}."
    return AwsError("MissingParameter", message, shape="MissingRequiredParameterException")


def no_attribute(name: object) -> AwsError:
    """A queue has no attribute of that name."""
    return AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def bad_attribute(name: str, reason: str = "") -> AwsError:
    """An attribute of a queue cannot be set to that."""
    why = f" Reason: {reason}" if reason else ""
    return AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.{why}")


# --- SNS -----------------------------------------------------------------------------------


def invalid(message: str) -> AwsError:
    """SNS's word for a request that is wrong."""
    return AwsError("InvalidParameter", f"Invalid parameter: {message}")


def no_topic() -> AwsError:
    """There is no such topic."""
    return AwsError("NotFound", "Topic does not exist", status=404)


def no_subscription() -> AwsError:
    """There is no such subscription."""
    return AwsError("NotFound", "Subscription does not exist", status=404)
