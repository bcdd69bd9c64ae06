"""Bug hunt: a subscriber with an exclusive queue behind an exchange that is not durable."""

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.spec import load
from graders.stage import Run
from minibroker.sim.trace import BrokerRestarted, Owed, Published, SideEffect, Started

NAME = "missed_event"
EXCHANGE = 'channel.exchange_declare("events", exchange_type="fanout")'
QUEUE = 'channel.queue_declare("", exclusive=True)'


def thanked(run: Run) -> tuple[int, int]:
    """How many orders there were, and how many of them there is a mail for."""
    orders = {event.subject for event in run.trace.of(Owed)}
    mails = {event.subject for event in run.trace.of(SideEffect)}
    return len(orders), len(orders & mails)


def _which(run: Run) -> int:
    """The mailer is away from the restart until it is started again."""
    [restart] = run.trace.of(BrokerRestarted)
    back = next(event.at for event in run.trace.of(Started) if event.at > restart.at)
    mails = {event.subject for event in run.trace.of(SideEffect)}
    missed = [event.at for event in run.trace.of(Owed) if event.subject not in mails]
    if not missed:
        return 0
    if all(restart.at < at <= back for at in missed):
        return 1
    return 2 if all(restart.at < at for at in missed) else 3


def _where(run: Run) -> int:
    """Of those without a mail, whether any reached a queue."""
    mails = {event.subject for event in run.trace.of(SideEffect)}
    missed = {event.message for event in run.trace.of(Owed) if event.subject not in mails}
    queues = [event.queues for event in run.trace.of(Published) if event.message in missed]
    return 0 if any(queues) else 3


def _half_mended(code: str, seed: int) -> str:
    """The same mailer with one of its two declarations mended, and then with the other."""
    durable = EXCHANGE.replace(")", ", durable=True)")
    lines = []
    for what, old, new in (
        ("only the exchange is durable", EXCHANGE, durable),
        ("only the queue is", QUEUE, 'channel.queue_declare("mailer", durable=True)'),
    ):
        assert old in code
        run, _ = one_run(load(NAME), code.replace(old, new), (), seed)
        there, mailed = thanked(run)
        lines.append(f"  {what}: {mailed} of {there} orders are thanked for")
    return (
        "What if one of the two declarations is mended?\n" + "\n".join(lines) + "\n"
        "With a durable exchange and no queue the order is copied to nobody. With a durable queue "
        "and no exchange there is nothing that could copy it; the shop's channel is closed "
        "(404 NOT_FOUND), which a publisher sees that looks at the broker's answers."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="listens_while_it_is_there",
    story=(
        "A shop publishes each order to the exchange `events` of RabbitMQ, as a persistent "
        "message. A mailer thanks the customers. Six orders come. After the second one the broker "
        "is restarted, and a supervisor starts the mailer again a second later; at least one order "
        "comes within that second. Here is the mailer:"
    ),
    predictions=(
        Prediction(
            "the orders that nobody thanks for",
            "Nothing else fails. For which orders is there no mail?",
            (
                "none: all six are thanked for",
                "those that came between the restart and the mailer's return",
                "all that came after the restart",
                "also some that came before it",
            ),
            _which,
            "The exclusive queue went with the connection, and the exchange, which is not durable, "
            "with the restart. When the mailer is back it declares both anew, and what comes from "
            "then on reaches it. [RabbitMQ, Queues; Exchanges]",
        ),
        Prediction(
            "where these orders are now",
            "Where are they in the end?",
            (
                "in the mailer's old queue, on disk",
                "in the exchange, until a queue is bound to it",
                "among the broker's dead letters",
                "nowhere",
            ),
            _where,
            "An exchange keeps nothing, and a persistent message is kept by a queue. These never "
            "reached one, so nothing was ever dropped from one either, and nobody was told.",
        ),
    ),
    names={
        "lost_message": (
            "the broker has forgotten a message, or never had a queue for it, and what it asked "
            "for was not done. Here it reached no queue."
        ),
        "stuck": (
            "work is left and nobody gets to it. Here no message is left anywhere: every queue is "
            "empty."
        ),
        "duplicate_effect": (
            "somebody gets two mails for one order. Here the idempotency key holds."
        ),
        "reordered": (
            "mails are sent in another order than the orders came in. Here those that are sent are "
            "in order."
        ),
    },
    asides=(_half_mended,),
    task=(
        "Mend the mailer. There is one mail for every order, whenever it comes: while the mailer\n"
        "is away, while the broker restarts. The mailer may crash after any step."
    ),
    caveat=(
        "Here the mailer runs long before the first order. Where it may be later, somebody else "
        "has to declare its queue: the deployment, or a definitions file of the broker. And a shop "
        "that wants to know publishes with confirms and mandatory, or the exchange has an "
        "alternate exchange."
    ),
    interview=(
        (
            "A subscription is a queue: an exclusive one goes with its connection, and what comes "
            "while it is away is copied to nobody, persistent or not.",
            "shown above; RabbitMQ, Queues, Exclusive Queues",
        ),
        (
            "Exchange, queue and message each have a durability of their own, and one that lacks "
            "it is enough to lose orders at a restart.",
            "shown above; RabbitMQ, Queues, Durability; Exchanges",
        ),
        (
            "A message that reaches no queue is dropped without an error, and a confirm does not "
            "tell; mandatory or an alternate exchange does.",
            "lesson 02; RabbitMQ, Consumer Acknowledgements and Publisher Confirms; Alternate "
            "Exchanges",
        ),
    ),
)
