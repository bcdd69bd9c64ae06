"""moto's own tests of SQS and SNS, against our server and against moto's in the same run.

moto stands in for AWS in a test's own process or as a server; its tests can be told to use a server
that runs already. They are run in an environment of their own, since they import moto, its server's
web framework and other things that nothing here needs. `MOTO_PYTHON` may name the interpreter of
one that is there; otherwise it is made.

Two tests compare URLs with the port that moto's server usually has, so that is the one taken.
"""

import os
import socket
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from minibroker.wire.aws.running import start
from tests.conformance import suites
from tests.conformance.suites import Outcome

PACKAGE, VERSION = "moto", "5.2.5"
PORT = 5000

TESTS = ["tests/test_sqs", "tests/test_sns"]

ELSEWHERE = (
    "test_server",  # moto's own web pages, in the test's process
    "cloudformation",  # another service
    "test_sqs_integration",  # another: Lambda, in Docker
    "multiaccount",  # another: STS gives the credentials of a second account
    "config",  # another
    "test_application",  # push notifications to telephones
    "sms",  # text messages to them
    "opt",  # and who wants none: opted_out, opt_in
)
"""What is no test of queues and topics, by a part of its name."""

_OUTSIDE = (
    "It subscribes by http or email. This server reaches nothing outside, and says so instead of "
    "taking a subscription to which it will never deliver"
)
_NAME = "It names an attribute with a blank at its end; AWS has none of that name"
_RECORDED = "AWS answers otherwise, as LocalStack's authors recorded there: {}"

REASONS: dict[str, str] = {
    "test_sqs::test_delete_message_using_old_receipt_handle": (
        'An old handle deletes nothing here: the message "might not be deleted" then (SQS API, '
        "DeleteMessage), and nobody is to rely on more"
    ),
    "test_sqs::test_message_becomes_inflight_when_received": _NAME,
    "test_sqs::test_receive_message_with_explicit_visibility_timeout": _NAME,
    "test_sqs::test_change_message_visibility": _NAME,
    "test_sqs::test_queue_length": _NAME,
    "test_sqs::test_delete_batch_operation": _NAME,
    "test_sqs::test_delete_message_after_visibility_timeout": _NAME,
    "test_sqs::test_message_retention_period": (
        "It keeps messages for 1 s; AWS takes 60 s or more (SQS API, CreateQueue)"
    ),
    "test_sqs::test_change_message_visibility_on_unknown_receipt_handle": (
        "AWS's sentence names the handle (SQS Developer Guide, errors of DeleteMessage)"
    ),
    "test_sqs::test_delete_message_errors": (
        "AWS's sentence names the handle (SQS Developer Guide, errors of DeleteMessage)"
    ),
    "test_sqs::test_permissions": _RECORDED.format("the policy's version is 2008-10-17"),
    "test_sqs::test_create_queue_with_different_attributes_fail": _RECORDED.format(
        "a standard queue has no attribute FifoQueue"
    ),
    "test_sqs::test_create_fifo_queue_with_dlq": _RECORDED.format(
        "a standard queue has no attribute FifoQueue, not even as false"
    ),
    "test_sqs::test_send_messages_to_fifo_without_message_group_id": _RECORDED.format(
        "in a batch the code is InvalidParameterValue"
    ),
    "test_sqs::test_message_delay_is_more_than_15_minutes": (
        "It gives deduplication ids to a standard queue; they are for FIFO queues (SQS API, "
        "SendMessage)"
    ),
    "test_publish_batch::test_publish_with_upper_cased_message_attributes": _RECORDED.format(
        "a batch entry's id has no blank"
    ),
    "test_publishing::test_publish_to_sqs_bad": _RECORDED.format(
        "the code is ParameterValueInvalid"
    ),
    "test_publishing::test_publish_large_subject": _RECORDED.format("Invalid parameter: Subject"),
    "test_publishing::test_publish_fifo_needs_group_id": _RECORDED.format(
        "The MessageGroupId parameter is required for FIFO topics"
    ),
    "test_publishing::test_publish_with_message_structure_errors": _RECORDED.format(
        "JSON message body failed to parse"
    ),
    "test_topics::test_add_permission_errors": _RECORDED.format(
        "Invalid parameter: Statement already exists"
    ),
    "test_topics::test_create_fifo_topic": (
        "AWS's sentences begin with Invalid parameter, as all of this code do"
    ),
    "test_topics::test_topic_attributes": _RECORDED.format(
        "a topic has no DeliveryPolicy before one is set, and another effective one"
    ),
    "test_subscriptions::test_confirm_subscription": _RECORDED.format(
        "a token that nobody was sent is refused"
    ),
    "test_subscriptions::test_creating_subscription": _OUTSIDE,
    "test_subscriptions::test_unsubscribe_from_deleted_topic": _OUTSIDE,
    "test_subscriptions::test_getting_subscriptions_by_topic": _OUTSIDE,
    "test_subscriptions::test_subscription_paging": _OUTSIDE,
    "test_subscriptions::test_subscribe_attributes": _OUTSIDE,
    "test_subscriptions::test_creating_subscription_with_attributes": _OUTSIDE,
    "test_subscriptions::test_set_subscription_attributes": _OUTSIDE,
}
"""Why a test does not pass here, by its name."""


def run(scratch: Path) -> tuple[list[Outcome], list[Outcome]]:
    """What came of them with our server, and with moto's. As moto's, ours lets a topic send to
    every queue, and forgets everything when a test asks it to."""
    where = suites.unpacked(PACKAGE, scratch, VERSION)
    (where / PACKAGE).rename(where / "not-imported")  # so that the installed one is
    python = _python(scratch)
    port = PORT if _is_free(PORT) else 0
    options = {"port": port, "host": "localhost"}
    with start(**options, checks_policies=False, resettable=True) as aws:
        ours = _run(where, python, aws.endpoint_url)
    with _moto(python, aws.server.port) as url:
        return ours, _run(where, python, url)


def _run(where: Path, python: str, url: str) -> list[Outcome]:
    environment = {
        "TEST_SERVER_MODE": "true",
        "TEST_SERVER_MODE_ENDPOINT": url,
        "AWS_ACCESS_KEY_ID": "course",
        "AWS_SECRET_ACCESS_KEY": "not-checked",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    without = ["-k", " and ".join(f"not {name}" for name in ELSEWHERE)]
    return suites.run(where, [*TESTS, *without], environment, python)


@contextmanager
def _moto(python: str, port: int) -> Iterator[str]:
    """moto's server, on the port that ours had."""
    process = subprocess.Popen(
        [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                raise RuntimeError("moto's server has ended")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _python(scratch: Path) -> str:
    if there := os.environ.get("MOTO_PYTHON"):
        return there
    where = scratch / "moto-environment"
    venv.create(where, with_pip=True)
    python = str(where / "bin" / "python")
    wanted = [f"{PACKAGE}[server]=={VERSION}", "pytest", "freezegun", "pytest-rerunfailures"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python
