"""One boto3 client in a process of its own: prints its figures as JSON.

python -m bench.aws_clients WHAT ENDPOINT BACKLOG
"""

import argparse
import json
import time
from typing import Any

BODY = "x" * 100
CALLS = 300
"""How many calls a rate is taken from."""


def main() -> None:
    """Measure sends, then receives with deletes, at a backlog of messages; or only begin."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("first", "rates"))
    parser.add_argument("endpoint")
    parser.add_argument("backlog", type=int, nargs="?", default=0)
    given = parser.parse_args()
    sqs = _sqs(given.endpoint)
    url = sqs.create_queue(QueueName=f"bench-{time.monotonic_ns()}")["QueueUrl"]
    if given.what == "first":
        sqs.send_message(QueueUrl=url, MessageBody=BODY)
        print("{}")
        return
    for start in range(0, given.backlog, 10):
        entries = [
            {"Id": str(number), "MessageBody": BODY}
            for number in range(start, min(start + 10, given.backlog))
        ]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    began = time.perf_counter()
    for _ in range(CALLS):
        sqs.send_message(QueueUrl=url, MessageBody=BODY)
    sent = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(CALLS):
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    handled = time.perf_counter() - began
    sqs.delete_queue(QueueUrl=url)
    print(json.dumps({"send": CALLS / sent, "receive + delete": CALLS / handled}))


def _sqs(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries={"total_max_attempts": 1}),
    )


if __name__ == "__main__":
    main()
