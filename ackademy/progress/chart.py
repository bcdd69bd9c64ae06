"""The twenty things that somebody who has finished the course can do, and what teaches each."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Skill:
    """One thing to be able to do, and the exercises that show it, by the lesson's number."""

    words: str
    exercises: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Area:
    """Skills that belong together."""

    title: str
    skills: Sequence[Skill]


AREAS: Sequence[Area] = (
    Area("Ideas", (
        Skill("Choose who gets a message: one worker, every subscriber, or whoever asked",
              ((1, "point_to_point"), (2, "publish_subscribe"), (3, "request_reply"))),
        Skill("Keep what belongs together in order, and spread the rest over partitions",
              ((6, "ordering_partitioning"),)),
        Skill("Say which guarantee a consumer gives, and make it true under crashes",
              ((0, "at_least_once_worker"), (5, "delivery_guarantees"))),
        Skill("Try again later, and put aside what never works",
              ((7, "dead_letter_queue"),)),
        Skill("Slow down, or refuse, before memory runs out",
              ((8, "backpressure"),)),
    )),
    Area("Brokers", (
        Skill("Set up Kafka so that it survives a broker, and share its partitions in a group",
              ((4, "event_streaming"), (9, "kafka_cluster"), (10, "rebalancing"),
               (11, "exactly_once"))),
        Skill("Route with RabbitMQ's exchanges, and lose nothing when a node goes",
              ((12, "rabbitmq"),)),
        Skill("Connect SQS queues and SNS topics: leases, batches, redrive, filters",
              ((13, "sqs_sns"),)),
        Skill("Use Redis for what it is: broadcasts that nobody keeps, streams that stay",
              ((14, "redis_streams"),)),
        Skill("Change the shape of messages while old readers and old data are about",
              ((15, "schema_evolution"),)),
    )),
    Area("Designs", (
        Skill("Keep what happened as the truth, and work out the state from it",
              ((16, "event_sourcing"),)),
        Skill("Carry a business step through many services, or take it back",
              ((19, "saga"),)),
        Skill("Feed a view for readers from the events of the writers",
              ((17, "cqrs"),)),
        Skill("Make the second copy of a message harmless",
              ((18, "outbox_dedup"),)),
        Skill("Copy topics to another region, and move over to it",
              ((20, "cross_region"),)),
    )),
    Area("Running it", (
        Skill("Measure lag and rates, and wake somebody only when it matters",
              ((21, "monitoring"),)),
        Skill("Hold a latency goal with batches and consumers that grow and shrink",
              ((22, "autoscaling"),)),
        Skill("Let each client do what it must, and encrypt the rest",
              ((23, "security"),)),
        Skill("Come back from a lost cluster, and know what that loses",
              ((24, "disaster_recovery"),)),
        Skill("Reach the same goal for less money",
              ((25, "cost"),)),
    )),
)  # fmt: skip

DESIGNS: Sequence[Skill] = (
    Skill("Design notifications for a hundred million users", ((26, "notification_system"),)),
    Skill("Design a chat for ten million at once", ((27, "chat_delivery"),)),
)
"""Two systems that need most of the twenty at once."""
