"""What the three batch actions of SQS and PublishBatch of SNS share: the entries and their ids.

Rule: a mistake in the batch refuses all of it; a mistake in an entry fails that entry, and the
others go on.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minibroker.aws.errors import AwsError, simple
from minibroker.aws.terms import BATCH_SIZE

ID = re.compile(r"[A-Za-z0-9_\-]{1,80}")

Entry = Mapping[str, Any]
Refuse = Callable[[str, str], AwsError]


def check(entries: Sequence[Entry], kind: str, refuse: Refuse = simple) -> None:
    """Refuse a batch that is empty, too large, or has ids that are wrong or not distinct. `kind` is
    what the API calls an entry; `refuse` makes the error of a name and a message."""
    if not entries:
        raise refuse("EmptyBatchRequest", f"There should be at least one {kind} in the request.")
    for entry in entries:
        if not ID.fullmatch(entry.get("Id") or ""):
            raise refuse(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and "
                "underscores. It can be at most 80 letters long.",
            )
    if len(entries) > BATCH_SIZE:
        raise refuse(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {BATCH_SIZE}. You have sent "
            f"{len(entries)}.",
        )
    seen: set[str] = set()
    for entry in entries:
        if entry["Id"] in seen:
            raise refuse("BatchEntryIdsNotDistinct", f"Id {entry['Id']} repeated.")
        seen.add(entry["Id"])


def each(entries: Sequence[Entry], action: Callable[[Entry], Mapping[str, Any]]) -> dict[str, Any]:
    """Do it for every entry; the answer tells what became of each."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **action(entry)})
        except AwsError as error:
            failed.append(failure(entry, error))
    return {"Successful": done, "Failed": failed}


def failure(entry: Entry, error: AwsError) -> dict[str, Any]:
    """How an answer tells that an entry failed."""
    return {
        "Id": entry["Id"],
        "SenderFault": error.type == "Sender",
        "Code": error.code,
        "Message": error.message,
    }
