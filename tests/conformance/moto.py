"""moto's own tests of SQS and SNS.

moto stands in for AWS in a test's own process or as a server; its tests can be told to use a server
that runs already. They are run in an environment of their own, since they import moto, its server's
web framework and other things that nothing here needs. `MOTO_PYTHON` may name the interpreter of one
that is there; otherwise it is made.
"""

import os
import subprocess
import venv
from pathlib import Path

from minibroker.wire.aws.running import start
from tests.conformance import suites
from tests.conformance.suites import Outcome

PACKAGE, VERSION = "moto", "5.2.5"

TESTS = ["tests/test_sqs", "tests/test_sns"]

ELSEWHERE = (
    "test_server",  # moto's own web pages, in the test's process
    "cloudformation",  # another service
    "test_application",  # push notifications to telephones
)
"""What is no test of queues and topics, by a part of its name."""

REASONS: dict[str, str] = {}
"""Why a test does not pass here, by its name."""


def run(scratch: Path) -> list[Outcome]:
    """Run them against a server of our own. As moto's, it lets a topic send to every queue, and it
    forgets everything when a test asks it to."""
    where = suites.unpacked(PACKAGE, scratch, VERSION)
    (where / PACKAGE).rename(where / "not-imported")  # so that the installed one is
    with start(checks_policies=False, resettable=True) as aws:
        environment = {
            "TEST_SERVER_MODE": "true",
            "TEST_SERVER_MODE_ENDPOINT": aws.endpoint_url,
            "AWS_ACCESS_KEY_ID": "course",
            "AWS_SECRET_ACCESS_KEY": "not-checked",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        without = ["-k", " and ".join(f"not {name}" for name in ELSEWHERE)]
        return suites.run(where, [*TESTS, *without], environment, _python(scratch))


def _python(scratch: Path) -> str:
    if there := os.environ.get("MOTO_PYTHON"):
        return there
    where = scratch / "moto-environment"
    venv.create(where, with_pip=True)
    python = str(where / "bin" / "python")
    wanted = [f"{PACKAGE}[server]=={VERSION}", "pytest", "freezegun", "pytest-rerunfailures"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python
