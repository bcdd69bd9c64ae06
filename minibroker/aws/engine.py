"""The engine: one region of one account, a method for each action of SQS and SNS.

>>> engine = Engine(clock, trace, at)
>>> url = engine.create_queue("me", queue_name="orders")["QueueUrl"]
>>> engine.send_message("me", url, message_body="order-1")["MD5OfMessageBody"]
'92d9c1bb0a85ff9e8a28d0aa4a22ff5e'
>>> engine.receive_message("me", url).get()["Messages"][0]["Body"]
'order-1'

A method is named after its action, its parameters after the action's, both as
`minibroker.aws.terms.snake` has them; what is inside a parameter and an answer is named as in the
API. `who` names the caller in the trace. A refusal is an `AwsError`. ReceiveMessage alone may have
to wait, so it gives a `minibroker.aws.message.Poll`: look there. All parameters may be left out, so
that the engine says in AWS's words which are missing.
"""

from minibroker.aws import terms
from minibroker.aws.flow import Flow
from minibroker.aws.identity import IdentityActions
from minibroker.aws.moves import MoveActions
from minibroker.aws.publishing import Publishing
from minibroker.aws.queues import QueueActions
from minibroker.aws.receiving import Receiving
from minibroker.aws.region import At, Region
from minibroker.aws.sending import Sending
from minibroker.aws.subscriptions import SubscriptionActions
from minibroker.aws.topics import TopicActions
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Trace


class Engine:
    """`at(when, action)` asks whoever runs the engine for `action` at a time of the clock
    (microseconds); it is asked only when something can happen then. `endpoint` is what the URLs of
    queues begin with; `seed` makes the identifiers other ones. Without `checks_policies` a topic
    may send to every queue. The engines of several regions share `regions`."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: At,
        *,
        account: str = terms.ACCOUNT,
        region: str = terms.REGION,
        endpoint: str = "",
        seed: str = "",
        checks_policies: bool = True,
        regions: dict[str, Region] | None = None,
    ) -> None:
        self.region = Region(
            clock,
            trace,
            at,
            region,
            account,
            endpoint or f"https://sqs.{region}.amazonaws.com",
            terms.ids(f"{seed}/{region}"),
            checks_policies,
            {} if regions is None else regions,
        )
        flow = Flow(self.region)

        queues = QueueActions(self.region, flow)
        self.create_queue = queues.create_queue
        self.get_queue_url = queues.get_queue_url
        self.list_queues = queues.list_queues
        self.list_dead_letter_source_queues = queues.list_dead_letter_source_queues
        self.get_queue_attributes = queues.get_queue_attributes
        self.set_queue_attributes = queues.set_queue_attributes
        self.add_queue_permission = queues.add_permission
        self.remove_queue_permission = queues.remove_permission
        self.tag_queue = queues.tag_queue
        self.untag_queue = queues.untag_queue
        self.list_queue_tags = queues.list_queue_tags
        self.purge_queue = queues.purge_queue
        self.delete_queue = queues.delete_queue

        sending = Sending(self.region, flow)
        self.send_message = sending.send_message
        self.send_message_batch = sending.send_message_batch

        receiving = Receiving(self.region, flow)
        self.receive_message = receiving.receive_message
        self.delete_message = receiving.delete_message
        self.delete_message_batch = receiving.delete_message_batch
        self.repeat = receiving.repeat
        self.change_message_visibility = receiving.change_message_visibility
        self.change_message_visibility_batch = receiving.change_message_visibility_batch

        moves = MoveActions(self.region, flow)
        self.start_message_move_task = moves.start_message_move_task
        self.cancel_message_move_task = moves.cancel_message_move_task
        self.list_message_move_tasks = moves.list_message_move_tasks

        topics = TopicActions(self.region)
        self.create_topic = topics.create_topic
        self.delete_topic = topics.delete_topic
        self.list_topics = topics.list_topics
        self.get_topic_attributes = topics.get_topic_attributes
        self.set_topic_attributes = topics.set_topic_attributes
        self.add_topic_permission = topics.add_permission
        self.remove_topic_permission = topics.remove_permission
        self.tag_resource = topics.tag_resource
        self.untag_resource = topics.untag_resource
        self.list_tags_for_resource = topics.list_tags_for_resource

        subscriptions = SubscriptionActions(self.region)
        self.subscribe = subscriptions.subscribe
        self.confirm_subscription = subscriptions.confirm_subscription
        self.unsubscribe = subscriptions.unsubscribe
        self.list_subscriptions = subscriptions.list_subscriptions
        self.list_subscriptions_by_topic = subscriptions.list_subscriptions_by_topic
        self.get_subscription_attributes = subscriptions.get_subscription_attributes
        self.set_subscription_attributes = subscriptions.set_subscription_attributes

        identity = IdentityActions(self.region)
        self.get_caller_identity = identity.get_caller_identity

        publishing = Publishing(self.region, flow)
        self.publish = publishing.publish
        self.publish_batch = publishing.publish_batch


OF_BOTH = {
    ("sqs", "AddPermission"): "add_queue_permission",
    ("sqs", "RemovePermission"): "remove_queue_permission",
    ("sns", "AddPermission"): "add_topic_permission",
    ("sns", "RemovePermission"): "remove_topic_permission",
}
"""The methods of the actions that both services have."""


def method(service: str, action: str) -> str:
    """The name of the engine's method for an action of ``sqs`` or ``sns``; the engine need not have
    one."""
    return OF_BOTH.get((service, action)) or terms.snake(action)
