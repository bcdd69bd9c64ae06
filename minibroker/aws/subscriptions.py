"""The actions of SNS on subscriptions: subscribe a queue, list, set up, unsubscribe."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from minibroker.aws import terms
from minibroker.aws.errors import AwsError, invalid, no_subscription
from minibroker.aws.region import Region, parts
from minibroker.aws.topic import Subscription, Topic, set_subscription
from minibroker.aws.topics import check_arn, paged, topic_of

PROTOCOLS = frozenset(
    {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
)


class SubscriptionActions:
    """See the module. All methods are named after the API's actions."""

    def __init__(self, region: Region) -> None:
        self._region = region

    def subscribe(
        self,
        who: str,
        topic_arn: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        attributes: Mapping[str, str] | None = None,
        return_subscription_arn: bool | None = None,
    ) -> dict[str, Any]:
        """Subscribe a queue, by its ARN. If it is subscribed already with these attributes, that
        subscription is told. The owner's own queue needs no confirmation."""
        topic = topic_of(self._region, topic_arn)
        given = dict(attributes or {})
        subscription = Subscription("", endpoint or "", self._region.account, {})
        if protocol not in PROTOCOLS:
            raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")
        set_subscription(subscription, given, "Attributes Reason: ")
        if protocol != "sqs":
            raise AwsError(
                "InvalidParameter",
                f"Invalid parameter: Protocol Reason: {protocol} reaches outside, which this "
                "server does not; subscribe a queue with the protocol sqs",
            )
        service, _, _, name = parts(endpoint)
        if service != "sqs" or not name:
            raise invalid("SQS endpoint ARN")
        if name.endswith(terms.FIFO) and not topic.fifo:
            raise invalid(
                "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                "standard SNS topics"
            )
        for other in topic.subscriptions.values():
            if other.endpoint == endpoint:
                if any(other.texts.get(each) != value for each, value in given.items()):
                    raise invalid(
                        "Attributes Reason: Subscription already exists with different attributes"
                    )
                return {"SubscriptionArn": other.arn}
        check_dead_letters(topic, endpoint or "", subscription.dead_letters)
        subscription.arn = f"{topic.arn}:{self._region.new_id()}"
        topic.subscriptions[subscription.arn] = subscription
        return {"SubscriptionArn": subscription.arn}

    def confirm_subscription(
        self,
        who: str,
        topic_arn: str | None = None,
        token: str | None = None,
        authenticate_on_unsubscribe: str | None = None,
    ) -> dict[str, Any]:
        """There is nothing to confirm: an owner's queue is subscribed at once, and no other can
        be."""
        topic_of(self._region, topic_arn)
        raise invalid("Token")

    def unsubscribe(self, who: str, subscription_arn: str | None = None) -> dict[str, Any]:
        """End a subscription; that there is none is no error."""
        found = self._find(subscription_arn)
        if found is None and parts(subscription_arn)[3].count(":") != 1:
            raise invalid("SubscriptionId")
        if found is not None:
            topic, subscription = found
            del topic.subscriptions[subscription.arn]
            topic.deleted_subscriptions += 1
        return {}

    def list_subscriptions(self, who: str, next_token: str | None = None) -> dict[str, Any]:
        """All of this region, 100 a page."""
        everything = {
            subscription.arn: (topic, subscription)
            for topic in self._region.topics.values()
            for subscription in topic.subscriptions.values()
        }
        found, token = paged(list(everything), next_token)
        told = [_told(*everything[arn]) for arn in found]
        return {"Subscriptions": told} | terms.without_none(NextToken=token)

    def list_subscriptions_by_topic(
        self, who: str, topic_arn: str | None = None, next_token: str | None = None
    ) -> dict[str, Any]:
        """All of a topic, 100 a page."""
        topic = topic_of(self._region, topic_arn)
        found, token = paged(list(topic.subscriptions), next_token)
        told = [_told(topic, topic.subscriptions[arn]) for arn in found]
        return {"Subscriptions": told} | terms.without_none(NextToken=token)

    def get_subscription_attributes(
        self, who: str, subscription_arn: str | None = None
    ) -> dict[str, Any]:
        """What a subscription is set to."""
        found = self._find(subscription_arn)
        if found is None:
            raise no_subscription()
        topic, subscription = found
        told = {
            "SubscriptionArn": subscription.arn,
            "TopicArn": topic.arn,
            "Owner": subscription.owner,
            "Protocol": "sqs",
            "Endpoint": subscription.endpoint,
            "PendingConfirmation": "false",
            "ConfirmationWasAuthenticated": "true",
            "RawMessageDelivery": "false",
            "SubscriptionPrincipal": f"arn:aws:iam::{subscription.owner}:root",
            **subscription.texts,
        }
        if subscription.filter is None:
            told.pop("FilterPolicyScope", None)
        else:
            told.setdefault("FilterPolicyScope", "MessageAttributes")
        return {"Attributes": told}

    def set_subscription_attributes(
        self,
        who: str,
        subscription_arn: str | None = None,
        attribute_name: str | None = None,
        attribute_value: str | None = None,
    ) -> dict[str, Any]:
        """Change one attribute; an empty policy is taken away."""
        found = self._find(subscription_arn)
        if found is None:
            raise no_subscription()
        topic, subscription = found
        given = {attribute_name or "": attribute_value or ""}
        wanted = replace(subscription)
        set_subscription(wanted, given)
        check_dead_letters(topic, subscription.endpoint, wanted.dead_letters)
        set_subscription(subscription, given)
        return {}

    def _find(self, arn: str | None) -> tuple[Topic, Subscription] | None:
        """InvalidParameter for what is no ARN."""
        check_arn("SubscriptionArn", arn)
        name = parts(arn)[3]
        topic = self._region.topics.get(name.partition(":")[0])
        subscription = topic.subscriptions.get(arn or "") if topic else None
        return None if topic is None or subscription is None else (topic, subscription)


def check_dead_letters(topic: Topic, endpoint: str, target: str) -> None:
    """What a FIFO queue gets from a FIFO topic may only go to a FIFO queue."""
    fifo = topic.fifo and endpoint.endswith(terms.FIFO)
    if target and fifo and not target.endswith(terms.FIFO):
        raise invalid(
            "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
        )


def _told(topic: Topic, subscription: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": subscription.arn,
        "Owner": subscription.owner,
        "Protocol": "sqs",
        "Endpoint": subscription.endpoint,
        "TopicArn": topic.arn,
    }
