"""pika on asyncio: its other way to connect."""

import asyncio
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from minibroker.wire.amqp.running import Running
from tests.wire.waiting import PATIENCE


async def called(call: Any, *arguments: Any, **named: Any) -> Any:
    """What a call gives to its callback."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    call(*arguments, **named, callback=done.set_result)
    return await done


def test_it_publishes_consumes_and_confirms(rabbit: Running) -> None:
    async def running() -> None:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[AsyncioConnection] = loop.create_future()
        AsyncioConnection(
            pika.URLParameters(rabbit.url),
            on_open_callback=opened.set_result,
            on_open_error_callback=lambda _, error: opened.set_exception(error),
            custom_ioloop=loop,
        )
        connection = await opened
        ready: asyncio.Future[Any] = loop.create_future()
        connection.channel(on_open_callback=ready.set_result)
        channel = await ready
        await called(channel.queue_declare, "q", durable=True)
        confirmed: asyncio.Queue[int] = asyncio.Queue()
        await called(
            channel.confirm_delivery,
            ack_nack_callback=lambda frame: confirmed.put_nowait(frame.method.delivery_tag),
        )
        got: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        channel.basic_consume("q", lambda _, m, __, body: got.put_nowait((m.delivery_tag, body)))
        for number in range(10):
            channel.basic_publish("", "q", b"%d" % number)
        for number in range(10):
            tag, body = await got.get()
            channel.basic_ack(tag)
            assert body == b"%d" % number
        while await confirmed.get() < 10:
            pass
        closed: asyncio.Future[None] = loop.create_future()
        connection.add_on_close_callback(lambda *_: closed.set_result(None))
        connection.close()
        await closed

    asyncio.run(asyncio.wait_for(running(), PATIENCE))
    assert rabbit.ask(lambda server: len(server.broker.queue("q"))) == 0
