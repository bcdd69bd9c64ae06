"""Who may do what with a queue or a topic, by its policy (IAM User Guide, "Policy evaluation logic"
and "IAM JSON policy elements").

Rule: what is not understood allows nothing. An explicit deny wins over every allow.

Read are Effect, Principal, Action, Resource and Condition with the operators StringEquals,
StringLike, ArnEquals and ArnLike and their IfExists and negated forms.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from minibroker.aws.errors import AwsError


def allows(
    policy: Mapping[str, Any], service: str, action: str, resource: str, context: Mapping[str, str]
) -> bool:
    """Whether a service (``sns.amazonaws.com``) may do `action` (``sqs:SendMessage``) to the
    resource of this ARN. `context` has what conditions ask for, such as ``aws:SourceArn``."""
    allowed = False
    facts = {name.lower(): value for name, value in context.items()}
    for statement in _listed(policy.get("Statement")):
        if not isinstance(statement, dict):
            continue
        if not (
            _concerns(statement.get("Principal"), service)
            and any(_like(each, action, fold=True) for each in _listed(statement.get("Action")))
            and any(_like(each, resource) for each in _listed(statement.get("Resource")))
            and _holds(statement.get("Condition", {}), facts)
        ):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = allowed or statement.get("Effect") == "Allow"
    return allowed


def _concerns(principal: object, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return service in _listed(principal.get("Service")) or "*" in _listed(principal.get("AWS"))


def _holds(condition: object, facts: Mapping[str, str]) -> bool:
    if not isinstance(condition, dict):
        return False
    for operator, asked in condition.items():
        if not isinstance(asked, dict):
            return False
        for key, values in asked.items():
            if not _one_holds(operator, facts.get(str(key).lower()), _listed(values)):
                return False
    return True


def _one_holds(operator: str, fact: str | None, values: list[Any]) -> bool:
    kind = operator.removesuffix("IfExists")
    if fact is None:
        return kind != operator or kind.startswith(("StringNot", "ArnNot"))
    match kind:
        case "StringEquals":
            return fact in values
        case "StringNotEquals":
            return fact not in values
        case "StringLike" | "ArnEquals" | "ArnLike":
            return any(_like(value, fact) for value in values)
        case "StringNotLike" | "ArnNotEquals" | "ArnNotLike":
            return not any(_like(value, fact) for value in values)
    return False


def _like(pattern: object, text: str, fold: bool = False) -> bool:
    """With ``*`` for any characters and ``?`` for one."""
    if not isinstance(pattern, str):
        return False
    parts = re.split(r"([*?])", pattern)
    source = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(source, text, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# --- AddPermission and RemovePermission ----------------------------------------------------


def added(
    text: str,
    label: str,
    accounts: Iterable[str],
    actions: Iterable[str],
    resource: str,
) -> str:
    """The policy with one more statement, its id being `label`."""
    policy = json.loads(text) if text else _empty(resource)
    statements = policy["Statement"] = _listed(policy.get("Statement"))
    if any(isinstance(each, dict) and each.get("Sid") == label for each in statements):
        raise AwsError(
            "InvalidParameterValue",
            f"Value {label} for parameter Label is invalid. Reason: Already exists.",
            shape="InvalidParameterValueException",
        )
    names = [f"arn:aws:iam::{account}:root" for account in accounts]
    done = list(actions)
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": names if len(names) != 1 else names[0]},
            "Action": done if len(done) != 1 else done[0],
            "Resource": resource,
        }
    )
    return json.dumps(policy)


def removed(text: str, label: str) -> str:
    """The policy without that statement, empty if none is left."""
    policy = json.loads(text) if text else {}
    where = "." if text else " on existing policy."
    statements = _listed(policy.get("Statement"))
    kept = [each for each in statements if not isinstance(each, dict) or each.get("Sid") != label]
    if len(kept) == len(statements):
        raise AwsError(
            "InvalidParameterValue",
            f"Value {label} for parameter Label is invalid. Reason: can't find label{where}",
            shape="InvalidParameterValueException",
        )
    return json.dumps(policy | {"Statement": kept}) if kept else ""


def _empty(resource: str) -> dict[str, Any]:
    return {"Version": "2008-10-17", "Id": f"{resource}/SQSDefaultPolicy"}
