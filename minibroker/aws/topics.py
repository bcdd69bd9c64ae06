"""The actions of SNS on topics themselves: make, list, set up, permit, tag, delete."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from minibroker.aws import policy, terms
from minibroker.aws.errors import AwsError, invalid, no_topic
from minibroker.aws.region import Region, parts
from minibroker.aws.topic import (
    ACTIONS,
    DELIVERY_POLICY,
    Topic,
    check_topic_attribute,
    default_policy,
    differs,
)

NAME = re.compile(r"[A-Za-z0-9_\-]{1,256}|(?=.{1,256}\Z)[A-Za-z0-9_\-]+\.fifo")
PAGE = 100
MOST_TAGS = 50


class TopicActions:
    """See the module. All methods are named after the API's actions."""

    def __init__(self, region: Region) -> None:
        self._region = region

    def create_topic(
        self,
        who: str,
        name: str | None = None,
        attributes: Mapping[str, str] | None = None,
        tags: Sequence[Mapping[str, str]] | None = None,
        data_protection_policy: str | None = None,
    ) -> dict[str, Any]:
        """Make a topic, or find the one of that name if it has these attributes and tags."""
        region, given = self._region, _lowered(attributes or {})
        if not name or not NAME.fullmatch(name):
            raise invalid("Topic Name")
        fifo = given.get("FifoTopic") == "true"
        if name.endswith(terms.FIFO) != fifo:
            if fifo:
                raise invalid(
                    "Fifo Topic names must end with .fifo and must be made up of only uppercase "
                    "and lowercase ASCII letters, numbers, underscores, and hyphens, and must be "
                    "between 1 and 256 characters long."
                )
            raise invalid("Topic Name")
        for each, value in given.items():
            check_topic_attribute(each, value, fifo)
        if not fifo:
            given.pop("FifoTopic", None)
        wanted_tags = terms.tags(list(tags or ()))
        _check_tags(wanted_tags)
        topic = region.topics.get(name)
        if topic is not None:
            if (error := differs(topic, given)) is not None:
                raise error
            if wanted_tags and wanted_tags != topic.tags:
                raise invalid("Tags Reason: Topic already exists with different tags")
            return {"TopicArn": topic.arn}
        arn = region.arn("sns", name)
        texts = {"DisplayName": "", "Policy": default_policy(arn, region.account)}
        if fifo:
            texts |= {"ContentBasedDeduplication": "false"}
        region.topics[name] = topic = Topic(name, arn, region.account, texts | given)
        topic.tags.update(wanted_tags)
        return {"TopicArn": arn}

    def delete_topic(self, who: str, topic_arn: str | None = None) -> dict[str, Any]:
        """Delete a topic with its subscriptions; that there is none is no error."""
        try:
            topic = topic_of(self._region, topic_arn)
        except AwsError as error:
            if error.code != "NotFound":
                raise
            return {}
        del self._region.topics[topic.name]
        return {}

    def list_topics(self, who: str, next_token: str | None = None) -> dict[str, Any]:
        """The ARNs of all topics, 100 a page."""
        names = list(self._region.topics)
        found, token = paged(names, next_token)
        arns = [{"TopicArn": self._region.topics[name].arn} for name in found]
        return {"Topics": arns} | terms.without_none(NextToken=token)

    # --- set up ----------------------------------------------------------------------------

    def get_topic_attributes(self, who: str, topic_arn: str | None = None) -> dict[str, Any]:
        """What a topic is set to."""
        topic = topic_of(self._region, topic_arn)
        told = {
            "TopicArn": topic.arn,
            "Owner": topic.account,
            "SubscriptionsPending": "0",
            "SubscriptionsConfirmed": str(len(topic.subscriptions)),
            "SubscriptionsDeleted": str(topic.deleted_subscriptions),
            "EffectiveDeliveryPolicy": json.dumps(DELIVERY_POLICY),
            **topic.texts,
        }
        return {"Attributes": told}

    def set_topic_attributes(
        self,
        who: str,
        topic_arn: str | None = None,
        attribute_name: str | None = None,
        attribute_value: str | None = None,
    ) -> dict[str, Any]:
        """Change one attribute."""
        topic = topic_of(self._region, topic_arn)
        name, value = attribute_name or "", attribute_value or ""
        if name == "FifoTopic":
            raise invalid("AttributeName")
        check_topic_attribute(name, value, topic.fifo)
        if name == "Policy" and not value:
            value = default_policy(topic.arn, topic.account)
        if value or name == "DisplayName":
            topic.texts[name] = value
        else:
            topic.texts.pop(name, None)
        return {}

    def add_permission(
        self,
        who: str,
        topic_arn: str | None = None,
        label: str | None = None,
        aws_account_id: Sequence[str] | None = None,
        action_name: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Add a statement to the topic's policy, for whole accounts only."""
        topic = topic_of(self._region, topic_arn)
        statements = json.loads(topic.texts["Policy"]).get("Statement", [])
        if any(each.get("Sid") == label for each in statements if isinstance(each, dict)):
            raise invalid("Statement already exists")
        if not set(action_name or ()) <= set(ACTIONS):
            raise invalid("Policy statement action out of service scope!")
        topic.texts["Policy"] = policy.added(
            topic.texts["Policy"],
            label or "",
            aws_account_id or (),
            [f"SNS:{action}" for action in action_name or ()],
            topic.arn,
        )
        return {}

    def remove_permission(
        self, who: str, topic_arn: str | None = None, label: str | None = None
    ) -> dict[str, Any]:
        """Take that statement out of the policy; that there is none is no error."""
        topic = topic_of(self._region, topic_arn)
        found = json.loads(topic.texts["Policy"])
        statements = found.get("Statement", [])
        found["Statement"] = [
            each for each in statements if not isinstance(each, dict) or each.get("Sid") != label
        ]
        topic.texts["Policy"] = json.dumps(found)
        return {}

    # --- tags ------------------------------------------------------------------------------

    def tag_resource(
        self,
        who: str,
        resource_arn: str | None = None,
        tags: Sequence[Mapping[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Add tags to a topic, or change them."""
        topic = self._tagged(resource_arn)
        wanted = topic.tags | terms.tags(list(tags or ()))
        _check_tags(wanted)
        topic.tags = wanted
        return {}

    def untag_resource(
        self, who: str, resource_arn: str | None = None, tag_keys: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Take tags away; one that is not there is no error."""
        topic = self._tagged(resource_arn)
        for key in tag_keys or ():
            topic.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, who: str, resource_arn: str | None = None) -> dict[str, Any]:
        """All tags."""
        topic = self._tagged(resource_arn)
        return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}

    def _tagged(self, arn: str | None) -> Topic:
        try:
            return topic_of(self._region, arn)
        except AwsError:
            raise AwsError("ResourceNotFound", "Resource does not exist", status=404) from None


def topic_of(region: Region, arn: str | None) -> Topic:
    """The topic of that ARN. NotFound if there is none here, InvalidParameter if it is no topic's
    ARN."""
    check_arn("TopicArn", arn)
    service, where, account, name = parts(arn)
    if service != "sns" or not name:
        raise invalid("TopicArn")
    topic = region.topics.get(name)
    if topic is None or (where, account) != (region.name, region.account):
        raise no_topic()
    return topic


def check_arn(parameter: str, arn: str | None) -> None:
    """InvalidParameter for what cannot be an ARN."""
    if not arn:
        raise invalid(f"{parameter} Reason: no value for required parameter")
    if arn.count(":") < 5:
        found = arn.count(":") + 1
        raise invalid(f"{parameter} Reason: An ARN must have at least 6 elements, not {found}")


def _lowered(given: Mapping[str, str]) -> dict[str, str]:
    """Booleans as AWS gives them."""
    booleans = ("FifoTopic", "ContentBasedDeduplication")
    return {name: value.lower() if name in booleans else value for name, value in given.items()}


def paged(names: Sequence[str], token: str | None) -> tuple[Sequence[str], str | None]:
    """A page of what is listed, and the token of the next one: how many were listed before."""
    if token and not (token.isascii() and token.isdigit()):
        raise invalid("NextToken")
    begin = int((token or "0")[:9])
    end = begin + PAGE
    return names[begin:end], (str(end) if len(names) > end else None)


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise AwsError(
            "TagLimitExceeded",
            "Could not complete request: tag quota of per resource exceeded",
        )
