"""A stage with SQS and SNS: what a scenario may put there, and services that take their time."""

from graders.stage import Cast, Owes, Run, Scenario, Stage, perform
from minibroker.sim.effect import Caller, Process
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Owed, Published

CLIENTS = {"sqs": "sqs", "sns": "sns", "payments": "payments"}


def staged(scenario: Scenario, body: str = "pass") -> Run:
    """A run of a worker with this body."""
    code = Inline(f"import time\n\n\ndef worker(sqs, sns, payments):\n    {body}\n")

    def launch(caller: Caller) -> Process:
        return code.process(Job("worker", caller.process, caller.incarnation, 0, CLIENTS))

    return perform(scenario, [Cast("worker", 5)], launch, (), 0, 200)


def said(run: Run) -> str:
    return "".join(part.text for part in run.printed)


def test_a_message_is_sent_at_its_time_with_what_it_owes() -> None:
    def scenario(stage: Stage) -> None:
        stage.sqs_queue("orders")
        stage.send(2.0, "orders", {"id": "order-1"}, Owes("charge", "order-1"))

    run = staged(
        scenario, 'print(sqs.receive_message(QueueUrl="orders", WaitTimeSeconds=5)["Messages"])'
    )
    [published], [owed] = run.trace.of(Published), run.trace.of(Owed)
    assert (published.at, published.queues, published.message) == (2_000_000, ["orders"], 1)
    assert owed.message == published.message
    assert '{"id": "order-1"}' in said(run)


def test_what_is_sent_to_no_queue_is_owed_all_the_same() -> None:
    def scenario(stage: Stage) -> None:
        stage.send(2.0, "orders", "x", Owes("charge", "order-1"))
        stage.notify(2.0, "events", {}, Owes("email", "order-1"))

    run = staged(scenario)
    assert not run.trace.of(Published)
    assert [event.kind for event in run.trace.of(Owed)] == ["charge", "email"]


def test_a_group_sends_to_a_fifo_queue() -> None:
    def scenario(stage: Stage) -> None:
        stage.sqs_queue("orders.fifo", {"FifoQueue": "true"})
        for _ in range(2):
            stage.send(2.0, "orders.fifo", "x", group="ada")

    assert len(staged(scenario).trace.of(Published)) == 1, "the second one is the same"


def test_a_topic_of_the_worker_is_published_to() -> None:
    def scenario(stage: Stage) -> None:
        stage.aws()
        stage.notify(2.0, "events", {"id": "order-1"}, attributes={"delivery": "home"})

    [event] = staged(scenario, 'sns.create_topic(Name="events")').trace.of(Published)
    assert (event.exchange, event.headers) == ("events", {"delivery": "home"})


def test_a_slow_service_answers_later_and_a_refusal_does_not() -> None:
    def scenario(stage: Stage) -> None:
        stage.aws()
        stage.takes("payments", 4.0)
        stage.bank_away("order-2")

    run = staged(
        scenario,
        "began = time.time(); payments.charge('order-1', 1); print(round(time.time() - began))\n"
        "    try: payments.charge('order-2', 1)\n"
        "    except Exception: print(round(time.time() - began))",
    )
    assert said(run) == "4\n4\n"
