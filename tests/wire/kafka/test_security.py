"""TLS and SASL PLAIN, with the three clients; the certificate is made by the openssl binary."""

import asyncio
import gc
import logging
import shutil
import ssl
import subprocess
from contextlib import closing

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient
from kafka import errors as failures

from minibroker.log.errors import Code
from minibroker.wire.kafka.running import start
from tests.wire.kafka.asking import Wire

# The Python clients do not close a socket on which they were refused.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

USERS = {"ada": "lovelace"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
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
def kafka(certificate):
    with start(tls=certificate, users=USERS) as running:
        running.ask(lambda server: server.cluster.create_topic("orders"))
        yield running


def plain(wire, said, version=2):
    assert wire.ask("sasl_handshake", 1, mechanism="PLAIN").error_code == Code.NONE
    return wire.ask("sasl_authenticate", version, auth_bytes=said)


def confluent(kafka, certificate, password, told):
    admin = AdminClient(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(certificate[0]),
            "sasl.mechanism": "PLAIN",
            "sasl.username": "ada",
            "sasl.password": password,
            "log_level": 0,
            "error_cb": lambda error: told.append(error),
        }
    )
    return admin


def test_confluent_comes_in_by_tls_and_password(kafka, certificate):
    admin = confluent(kafka, certificate, "lovelace", [])
    assert set(admin.list_topics(timeout=5).topics) == {"orders"}


def test_confluent_is_told_that_its_password_is_wrong(kafka, certificate):
    told = []
    admin = confluent(kafka, certificate, "byron", told)
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=1)
    admin.poll(0)
    assert any("the name or the password is wrong" in error.str() for error in told)


def test_kafka_python_comes_in_or_says_in_its_log_why_not(kafka, certificate, caplog):
    def client(password):
        return KafkaAdminClient(
            bootstrap_servers=kafka.bootstrap_servers,
            security_protocol="SASL_SSL",
            ssl_cafile=str(certificate[0]),
            sasl_mechanism="PLAIN",
            sasl_plain_username="ada",
            sasl_plain_password=password,
            bootstrap_timeout_ms=1_000,
        )

    admin = client("lovelace")
    assert admin.list_topics() == ["orders"]
    admin.close()
    with pytest.raises(failures.KafkaTimeoutError):
        client("byron")
    assert "SaslAuthenticationFailedError: the name or the password is wrong" in caplog.text


def test_aiokafka_comes_in_or_is_told(kafka, certificate):
    context = ssl.create_default_context(cafile=str(certificate[0]))

    def client(password):
        return AIOKafkaAdminClient(
            bootstrap_servers=kafka.bootstrap_servers,
            security_protocol="SASL_SSL",
            ssl_context=context,
            sasl_plain_username="ada",
            sasl_plain_password=password,
        )

    async def scenario():
        admin = client("lovelace")
        await admin.start()
        try:
            assert await admin.list_topics() == ["orders"]
        finally:
            await admin.close()
        admin = client("byron")
        try:
            with pytest.raises((AuthenticationFailedError, KafkaConnectionError)):
                await admin.start()
        finally:
            await admin.close()

    asyncio.run(scenario())


@pytest.fixture(autouse=True, scope="module")
def _sockets():
    yield
    gc.collect()  # what they left open is found here, and not in the middle of somebody else's test


@pytest.fixture
def wire():
    with start(users=USERS) as running, closing(Wire(running.server.brokers[1].port)) as found:
        yield found


def closed(wire):
    with pytest.raises((ConnectionError, TimeoutError)) as error:
        wire.receive()
    return not isinstance(error.value, TimeoutError)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_who_has_authenticated_is_served(wire, version):
    assert plain(wire, b"\x00ada\x00lovelace", version).error_code == Code.NONE
    assert wire.ask("metadata", 12, topics=None, allow_auto_topic_creation=False,
                    include_topic_authorized_operations=False).topics == ()  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        b"\x00ada\x00byron",
        b"\x00bob\x00lovelace",
        b"\x00bob\x00",
        b"bob\x00ada\x00lovelace",
        b"\x00ada\x00lovelace\x00",
        b"",
        b"\xff\x00\xff\x00\xff",
    ],
)
def test_a_wrong_password_is_told_and_ends_the_connection(wire, said):
    found = plain(wire, said)
    assert found.error_code == Code.SASL_AUTHENTICATION_FAILED
    assert found.error_message == "the name or the password is wrong"
    assert closed(wire)


def test_a_request_before_authentication_ends_the_connection_with_a_line(wire, caplog):
    with caplog.at_level(logging.WARNING, "minibroker"):
        assert wire.ask("api_versions", 0).error_code == Code.NONE
        with pytest.raises(ConnectionError):
            wire.ask("list_config_resources", 0)
    assert "list_config_resources before the client has authenticated" in caplog.text


def test_authentication_has_an_order(wire):
    assert wire.ask("sasl_handshake", 1, mechanism="GSSAPI").error_code == (
        Code.UNSUPPORTED_SASL_MECHANISM
    )
    found = wire.ask("sasl_authenticate", 2, auth_bytes=b"\x00ada\x00lovelace")
    assert found.error_code == Code.ILLEGAL_SASL_STATE
    assert closed(wire)


def test_without_users_nobody_authenticates():
    with start() as running, closing(Wire(running.server.brokers[1].port)) as wire:
        found = wire.ask("sasl_handshake", 1, mechanism="PLAIN")
        assert found.error_code == Code.ILLEGAL_SASL_STATE
