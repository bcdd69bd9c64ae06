"""What RabbitMQ's tutorials teach, confirms and redelivery, with aio-pika."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
import pytest
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from minibroker.wire.amqp.running import Running
from tests.wire.waiting import PATIENCE

Body = Callable[[AbstractChannel], Awaitable[None]]


def run(rabbit: Running, body: Body) -> None:
    """Run it with a channel of a connection of its own."""

    async def running() -> None:
        connection = await aio_pika.connect(rabbit.url)
        async with connection, asyncio.timeout(PATIENCE):
            await body(await connection.channel(on_return_raises=True))

    asyncio.run(running())


async def read(queue: aio_pika.abc.AbstractQueue, count: int) -> list[AbstractIncomingMessage]:
    """The next `count` messages, acknowledged."""
    found: list[AbstractIncomingMessage] = []
    async with queue.iterator() as messages:
        while len(found) < count:
            found.append(await anext(messages))
            await found[-1].ack()
    return found


def test_hello_and_a_work_queue(rabbit: Running) -> None:
    async def body(channel: AbstractChannel) -> None:
        queue = await channel.declare_queue("tasks", durable=True)
        await channel.set_qos(prefetch_count=1)
        for number in range(3):
            message = Message(b"%d" % number, delivery_mode=DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, "tasks")
        assert [each.body for each in await read(queue, 3)] == [b"0", b"1", b"2"]

    run(rabbit, body)


@pytest.mark.parametrize(
    ("kind", "binding", "key"),
    [
        (ExchangeType.FANOUT, "", "anything"),
        (ExchangeType.DIRECT, "error", "error"),
        (ExchangeType.TOPIC, "kern.*", "kern.critical"),
    ],
)
def test_exchanges_route(rabbit: Running, kind: ExchangeType, binding: str, key: str) -> None:
    async def body(channel: AbstractChannel) -> None:
        exchange = await channel.declare_exchange("logs", kind)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, binding)
        if kind is not ExchangeType.FANOUT:
            with pytest.raises(aio_pika.exceptions.DeliveryError):
                await exchange.publish(Message(b"elsewhere"), "else.where.else")
        await exchange.publish(Message(b"here"), key)
        [message] = await read(queue, 1)
        assert (message.body, message.routing_key, message.exchange) == (b"here", key, "logs")

    run(rabbit, body)


def test_headers_route(rabbit: Running) -> None:
    async def body(channel: AbstractChannel) -> None:
        exchange = await channel.declare_exchange("reports", ExchangeType.HEADERS)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, arguments={"x-match": "all", "format": "pdf", "pages": 3})
        for pages in (2, 3):
            message = Message(b"%d" % pages, headers={"format": "pdf", "pages": pages})
            await exchange.publish(message, "", mandatory=False)
        [message] = await read(queue, 1)
        assert message.body == b"3"

    run(rabbit, body)


def test_an_exchange_passes_on_to_another(rabbit: Running) -> None:
    async def body(channel: AbstractChannel) -> None:
        first = await channel.declare_exchange("first", ExchangeType.DIRECT)
        second = await channel.declare_exchange("second", ExchangeType.FANOUT)
        queue = await channel.declare_queue(exclusive=True)
        await second.bind(first, "k")
        await queue.bind(second)
        await first.publish(Message(b"x"), "k")
        assert len(await read(queue, 1)) == 1
        await second.unbind(first, "k")
        with pytest.raises(aio_pika.exceptions.DeliveryError):
            await first.publish(Message(b"x"), "k")

    run(rabbit, body)


def test_rpc(rabbit: Running) -> None:
    async def body(channel: AbstractChannel) -> None:
        requests = await channel.declare_queue("rpc", durable=True)
        answers = await channel.declare_queue(exclusive=True)

        async def serve(request: AbstractIncomingMessage) -> None:
            async with request.process():
                answer = Message(b"144", correlation_id=request.correlation_id)
                assert request.reply_to is not None
                await channel.default_exchange.publish(answer, request.reply_to)

        await requests.consume(serve)
        question = Message(b"12", correlation_id="1", reply_to=answers.name)
        await channel.default_exchange.publish(question, "rpc")
        [answer] = await read(answers, 1)
        assert (answer.body, answer.correlation_id) == (b"144", "1")

    run(rabbit, body)


def test_many_publishes_at_once_are_all_confirmed(rabbit: Running) -> None:
    async def body(channel: AbstractChannel) -> None:
        queue = await channel.declare_queue("q", durable=True)
        exchange = channel.default_exchange
        await asyncio.gather(
            *(exchange.publish(Message(b"%d" % number), "q") for number in range(300))
        )
        again = await channel.declare_queue("q", durable=True, passive=True)
        assert again.declaration_result.message_count == 300
        assert {each.body for each in await read(queue, 300)} == {b"%d" % n for n in range(300)}

    run(rabbit, body)


def test_a_full_queue_nacks_and_takes_again_when_there_is_room(rabbit: Running) -> None:
    async def body(channel: AbstractChannel) -> None:
        arguments = {"x-max-length": 5, "x-overflow": "reject-publish"}
        queue = await channel.declare_queue("small", durable=True, arguments=arguments)
        exchange = channel.default_exchange
        results = await asyncio.gather(
            *(exchange.publish(Message(b"%d" % number), "small") for number in range(8)),
            return_exceptions=True,
        )
        refused = [isinstance(each, aio_pika.exceptions.DeliveryError) for each in results]
        assert refused == [False] * 5 + [True] * 3
        await read(queue, 1)
        await exchange.publish(Message(b"8"), "small")

    run(rabbit, body)


def test_a_robust_connection_comes_back_with_all_that_it_had(rabbit: Running) -> None:
    async def running() -> None:
        connection = await aio_pika.connect_robust(rabbit.url, reconnect_interval=0.05)
        async with connection, asyncio.timeout(PATIENCE):
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=1)
            queue = await channel.declare_queue("tasks", durable=True)
            got: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
            await queue.consume(got.put)
            await channel.default_exchange.publish(Message(b"x"), "tasks")
            first = await got.get()
            await asyncio.to_thread(rabbit.ask, lambda server: server.drop())
            second = await got.get()
            assert (first.redelivered, second.redelivered) == (False, True)
            await second.ack()

    asyncio.run(running())
    assert rabbit.ask(lambda server: len(server.broker.queue("tasks"))) == 0
