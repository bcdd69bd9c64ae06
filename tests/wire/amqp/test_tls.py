"""TLS; the certificate is made by the openssl binary."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pika
import pytest

from minibroker.wire.amqp.running import Running, start
from tests.wire.amqp.reading import read


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of this machine's own, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    return paths


@pytest.fixture
def safe(certificate: tuple[Path, Path]) -> Iterator[Running]:
    """A broker that speaks TLS."""
    with start(tls=certificate) as running:
        yield running


def test_pika_comes_in_by_tls(safe: Running, certificate: tuple[Path, Path]) -> None:
    assert safe.url.startswith("amqps://")
    parameters = pika.URLParameters(safe.url)
    context = ssl.create_default_context(cafile=str(certificate[0]))
    parameters.ssl_options = pika.SSLOptions(context, "127.0.0.1")
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"x" * 300_000)
    [(_, _, body)] = read(channel, "q", 1)
    assert body == b"x" * 300_000
    connection.close()


def test_aio_pika_comes_in_by_tls(safe: Running, certificate: tuple[Path, Path]) -> None:
    async def running() -> None:
        context = ssl.create_default_context(cafile=str(certificate[0]))
        connection = await aio_pika.connect(safe.url, ssl_context=context)
        async with connection:
            channel = await connection.channel()
            await channel.declare_queue("q", durable=True)
            await channel.default_exchange.publish(aio_pika.Message(b"x"), "q")

    asyncio.run(running())
    assert safe.ask(lambda server: len(server.broker.queue("q"))) == 1


def test_who_does_not_trust_the_certificate_does_not_come_in(safe: Running) -> None:
    parameters = pika.URLParameters(safe.url)
    parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(), "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        pika.BlockingConnection(parameters)
