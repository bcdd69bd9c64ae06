"""Dead letters: why, where to, with which headers (RabbitMQ, "Dead Letter Exchanges")."""

from typing import Any

from minibroker.sim.trace import DeadLettered
from tests.minibroker.queues.client import Client, Stand

TO_DEAD = {"dead_letter_exchange": "", "dead_letter_routing_key": "dead"}


def headers(stand: Stand, queue: str = "dead") -> dict[str, Any]:
    """Of the next message in the queue."""
    found = Client(stand).take(queue).copy.properties()["headers"]
    assert isinstance(found, dict)
    return found


def test_a_rejected_message_goes_on_with_its_history() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(**TO_DEAD)
    stand.due.passes(7)
    stand.publish("one", headers={"mine": 1}, message_id="m")
    Client(stand).drop()
    assert headers(stand) == {
        "mine": 1,
        "x-death": [
            {
                "count": 1,
                "reason": "rejected",
                "queue": "work",
                "time": 7,
                "exchange": "",
                "routing-keys": ["work"],
            }
        ],
        "x-first-death-reason": "rejected",
        "x-first-death-queue": "work",
        "x-first-death-exchange": "",
        "x-last-death-reason": "rejected",
        "x-last-death-queue": "work",
        "x-last-death-exchange": "",
    }
    [event] = stand.trace.of(DeadLettered)
    assert (event.who, event.queue, event.reason) == ("client#1", "work", "rejected")
    assert (event.exchange, event.routing_key, event.queues) == ("", "dead", ["dead"])
    assert event.headers["x-last-death-reason"] == "rejected"


def test_the_message_keeps_its_number_and_its_other_properties() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(**TO_DEAD)
    stand.publish("one", message_id="m", delivery_mode=2)
    Client(stand).drop()
    message = Client(stand).take("dead").copy.message
    assert (message.number, message.exchange, message.routing_key) == (1, "", "dead")
    assert message.properties["message_id"] == "m"
    assert message.properties["delivery_mode"] == 2


def test_without_a_routing_key_the_message_keeps_its_own() -> None:
    stand = Stand()
    stand.broker.declare_exchange("dead", kind="direct")
    stand.queue("failed")
    stand.broker.bind("failed", "dead", "work")
    stand.queue(dead_letter_exchange="dead")
    stand.publish("one")
    Client(stand).drop()
    assert stand.bodies("failed") == ["one"]


def test_further_routing_keys_go_on_as_far_as_the_queue_gives_no_other() -> None:
    stand = Stand()
    for name in ("other", "hidden"):
        stand.queue(name)
    stand.queue("dead", dead_letter_exchange="", dead_letter_routing_key="again")
    stand.queue("again")
    stand.queue(**TO_DEAD)
    stand.queue("back", dead_letter_exchange="")
    for queue in ("work", "back"):
        found = {"headers": {"CC": ["other"]}}
        stand.broker.send("client", "", queue, b"one", found, copies=("other", "hidden"))
        Client(stand).drop(queue)
    first, second = stand.trace.of(DeadLettered)
    assert (first.queues, second.queues) == (["dead"], ["back", "other", "hidden"])
    Client(stand).drop("dead")
    deaths = headers(stand, "again")["x-death"]
    assert [death["routing-keys"] for death in deaths] == [["dead"], ["work", "other"]]


def test_the_most_recent_death_comes_first_and_the_same_one_is_counted() -> None:
    stand = Stand()
    stand.queue("later", message_ttl=1000, dead_letter_exchange="", dead_letter_routing_key="work")
    stand.queue(dead_letter_exchange="", dead_letter_routing_key="later")
    stand.publish("one")
    for _ in range(3):
        Client(stand).drop()
        stand.due.passes(1)
    found = headers(stand, "work")
    assert [(d["queue"], d["reason"], d["count"], d["time"]) for d in found["x-death"]] == [
        ("later", "expired", 3, 1),
        ("work", "rejected", 3, 0),
    ]
    assert (found["x-first-death-queue"], found["x-last-death-queue"]) == ("work", "later")
    assert found["x-first-death-reason"] == "rejected"


def test_two_reasons_in_one_queue_are_two_deaths() -> None:
    stand = Stand()
    stand.queue("dead", dead_letter_exchange="", dead_letter_routing_key="work")
    stand.queue(**TO_DEAD)
    stand.publish("one")
    Client(stand).drop()
    Client(stand).drop("dead")
    held = Client(stand).take("work")
    assert [d["queue"] for d in held.copy.properties()["headers"]["x-death"]] == ["dead", "work"]  # type: ignore[index, call-overload]


def test_the_time_to_live_of_the_message_is_taken_off_and_told() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(**TO_DEAD)
    stand.publish("one", expiration="1000")
    stand.due.passes(1)
    delivery = Client(stand).take("dead")
    assert "expiration" not in delivery.copy.message.properties
    found = delivery.copy.message.properties["headers"]
    assert found["x-death"][0]["original-expiration"] == "1000"  # type: ignore[index, call-overload]


def test_the_time_to_live_of_a_queue_is_not_told() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(message_ttl=1000, **TO_DEAD)
    stand.publish("one")
    stand.due.passes(1)
    assert "original-expiration" not in headers(stand)["x-death"][0]


def test_what_a_client_writes_into_x_death_is_not_counted() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(**TO_DEAD)
    forged = {"x-death": [{"queue": "work", "reason": "rejected", "count": 99}]}
    stand.publish("one", headers=forged)
    Client(stand).drop()
    assert [death["count"] for death in headers(stand)["x-death"]] == [1]


def test_a_message_published_again_with_its_history_begins_a_new_one() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(**TO_DEAD)
    stand.publish("one")
    Client(stand).drop()
    stand.publish("again", headers=headers(stand))
    Client(stand).drop()
    assert [death["count"] for death in headers(stand)["x-death"]] == [1]


def test_a_dead_letter_exchange_that_is_not_there_drops_in_silence() -> None:
    stand = Stand()
    stand.queue(dead_letter_exchange="nowhere")
    stand.publish("one")
    Client(stand).drop()
    [event] = stand.trace.of(DeadLettered)
    assert (event.exchange, event.queues) == ("nowhere", [])


def test_an_exchange_made_later_is_found() -> None:
    stand = Stand()
    stand.queue(dead_letter_exchange="later")
    stand.broker.declare_exchange("later", kind="fanout")
    stand.queue("dead")
    stand.broker.bind("dead", "later", "")
    stand.publish("one")
    Client(stand).drop()
    assert stand.ready("dead") == 1


def test_a_circle_without_a_rejection_ends() -> None:
    stand = Stand()
    stand.queue("a", message_ttl=1000, dead_letter_exchange="", dead_letter_routing_key="b")
    stand.queue("b", message_ttl=1000, dead_letter_exchange="", dead_letter_routing_key="a")
    stand.publish("one", to="a")
    stand.due.passes(10)
    assert [(e.queue, e.queues) for e in stand.trace.of(DeadLettered)] == [("a", ["b"]), ("b", [])]


def test_a_queue_that_dead_letters_to_itself_drops_what_expires() -> None:
    stand = Stand()
    stand.queue(message_ttl=1000, dead_letter_exchange="")
    stand.publish("one")
    stand.due.passes(5)
    assert [event.queues for event in stand.trace.of(DeadLettered)] == [[]]


def test_a_circle_with_a_rejection_goes_on() -> None:
    stand = Stand()
    stand.queue("later", message_ttl=1000, dead_letter_exchange="", dead_letter_routing_key="work")
    stand.queue(dead_letter_exchange="", dead_letter_routing_key="later")
    stand.publish("one")
    for _ in range(30):
        Client(stand).drop()
        stand.due.passes(1)
    assert stand.ready() == 1


def test_a_rejection_before_the_circle_does_not_keep_it_going() -> None:
    stand = Stand()
    stand.queue("b", message_ttl=1000, dead_letter_exchange="", dead_letter_routing_key="c")
    stand.queue("c", message_ttl=1000, dead_letter_exchange="", dead_letter_routing_key="b")
    stand.queue(dead_letter_exchange="", dead_letter_routing_key="b")
    stand.publish("one")
    Client(stand).drop()
    stand.due.passes(10)
    assert [event.queues for event in stand.trace.of(DeadLettered)] == [["b"], ["c"], []]


def test_a_rejection_to_the_queue_itself_goes_on() -> None:
    stand = Stand()
    stand.queue(dead_letter_exchange="")
    stand.publish("one")
    for _ in range(3):
        Client(stand).drop()
    assert headers(stand, "work")["x-death"][0]["count"] == 3


def test_a_chain_of_a_thousand_queues_is_walked() -> None:
    stand = Stand()
    for number in range(1000):
        stand.queue(f"q{number}", max_length=0, dead_letter_exchange="",
                    dead_letter_routing_key=f"q{number + 1}")  # fmt: skip
    stand.queue("q1000")
    stand.publish("one", to="q0")
    assert stand.ready("q1000") == 1


def test_dead_letters_of_one_nack_arrive_in_order() -> None:
    stand = Stand()
    stand.queue("dead")
    stand.queue(**TO_DEAD)
    stand.publish("1", "2", "3")
    client = Client(stand)
    client.consume()
    stand.broker.nack(client.channel, 0, multiple=True, requeue=False)
    assert stand.bodies("dead") == ["1", "2", "3"]


def test_a_dead_letter_to_a_full_queue_that_refuses_is_gone() -> None:
    stand = Stand()
    stand.queue("dead", max_length=1, overflow="reject-publish")
    stand.queue(**TO_DEAD)
    stand.publish("1", "2")
    for _ in range(2):
        Client(stand).drop()
    assert [event.queues for event in stand.trace.of(DeadLettered)] == [["dead"], []]


# --- at least once (RabbitMQ, "Quorum Queues", Dead Lettering) ---------------------------------

SAFE = {"queue_type": "quorum", "dead_letter_strategy": "at-least-once",
        "overflow": "reject-publish", **TO_DEAD}  # fmt: skip


def test_at_least_once_keeps_what_cannot_be_routed_until_it_can() -> None:
    stand = Stand()
    stand.queue(**SAFE)
    stand.publish("one")
    Client(stand).drop()
    assert stand.trace.of(DeadLettered) == []
    stand.queue("other")
    assert stand.trace.of(DeadLettered) == []
    stand.queue("dead")
    assert stand.bodies("dead") == ["one"]
    assert [event.queues for event in stand.trace.of(DeadLettered)] == [["dead"]]


def test_at_least_once_keeps_what_a_full_target_refuses_until_it_has_room() -> None:
    stand = Stand()
    stand.queue("dead", max_length=1, overflow="reject-publish")
    stand.queue(**SAFE)
    stand.publish("1", "2")
    for _ in range(2):
        Client(stand).drop()
    assert [event.queues for event in stand.trace.of(DeadLettered)] == [["dead"]]
    client = Client(stand)
    client.get("dead", auto_ack=True)
    assert stand.bodies("dead") == ["2"]


def test_at_least_once_waits_until_all_targets_take_it_and_none_gets_two() -> None:
    stand = Stand()
    stand.broker.declare_exchange("all", kind="fanout")
    for name, given in (("a", {}), ("b", {"max_length": 0, "overflow": "reject-publish"})):
        stand.queue(name, **given)
        stand.broker.bind(name, "all", "")
    stand.queue(**SAFE | {"dead_letter_exchange": "all"})
    stand.publish("one")
    Client(stand).drop()
    assert (stand.ready("a"), stand.ready("b")) == (0, 0)
    stand.broker.delete_queue("scenario", "b")
    assert stand.ready("a") == 1


def test_what_waits_for_its_target_counts_towards_the_length() -> None:
    stand = Stand()
    stand.queue(**SAFE, max_length=1)
    stand.publish("1", "2")
    for _ in range(2):
        Client(stand).drop()
    stand.publish("3")
    assert stand.ready() == 0


def test_at_least_once_falls_back_when_the_head_is_dropped() -> None:
    stand = Stand()
    stand.queue(queue_type="quorum", dead_letter_strategy="at-least-once", **TO_DEAD)
    stand.publish("one")
    Client(stand).drop()
    assert [event.queues for event in stand.trace.of(DeadLettered)] == [[]]


def test_what_waits_for_its_target_goes_with_its_queue() -> None:
    stand = Stand()
    stand.queue(**SAFE)
    stand.publish("one")
    Client(stand).drop()
    stand.broker.delete_queue("scenario", "work")
    assert stand.ends() == ["deleted"]
    stand.queue("dead")
    assert stand.ready("dead") == 0
