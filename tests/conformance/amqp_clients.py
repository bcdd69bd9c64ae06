"""The integration tests of py-amqp and of kombu, against our server and, where its server is
installed, against RabbitMQ in the same run: what passes there is to pass here.

The source packages lack the certificates that their tests of TLS use, and a pytest option that
chooses among them. Both are stood in for.
"""

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.amqp import SERVER, rabbitmq, ready
from bench.kafka_brokers import free_port
from minibroker.wire.amqp.running import start
from tests.conformance import suites
from tests.conformance.suites import Outcome

TESTS = {
    "amqp": ["t/integration"],
    "kombu": ["t/integration/test_py_amqp.py"],
}

PERMITTED = ("transient_nonexcl_queues", "global_qos")
"""Deprecated features that these suites use, and RabbitMQ 4.3 refuses unless they are permitted."""

_ELSEWHERE = "The test calls a server on the internet"

REASONS: dict[str, str] = {
    "test_rmq::test_tls_default_certs": _ELSEWHERE,
    "test_rmq::test_tls_no_default_certs_fails": _ELSEWHERE,
}
"""Why a test does not pass here, by its name."""


class Ports(NamedTuple):
    """Where a server speaks plainly and where by TLS."""

    plain: int
    tls: int


def run(package: str, scratch: Path) -> tuple[list[Outcome], list[Outcome] | None]:
    """What came of the suite's tests here, and with RabbitMQ; None if there is none."""
    where = suites.unpacked(package, scratch)
    certificates = where / "t" / "certs"
    make_certificates(certificates)
    (where / "conftest.py").write_text("")

    def outcomes(ports: Ports) -> list[Outcome]:
        environment = {
            "RABBITMQ_HOST": "localhost",
            "RABBITMQ_5672_TCP": str(ports.plain),
            "RABBITMQ_5671_TCP": str(ports.tls),
        }
        return suites.run(where, TESTS[package], environment)

    with ours(certificates) as ports:
        here = outcomes(ports)
    if not SERVER.exists():
        return here, None
    with theirs(certificates) as ports:
        return here, outcomes(ports)


@contextmanager
def ours(certificates: Path):
    """Two servers, for a port of ours speaks one way only; the tests do not mix them."""
    pair = certificates / "server_certificate.pem", certificates / "server_key.pem"
    with start(permit=PERMITTED) as plain, start(permit=PERMITTED, tls=pair) as tls:
        yield Ports(plain.port, tls.port)


@contextmanager
def theirs(certificates: Path):
    """RabbitMQ."""
    tls = free_port()
    readable = certificates.parent / "server"  # by RabbitMQ's user
    shutil.copytree(certificates, readable, dirs_exist_ok=True)
    for each in (readable, *readable.iterdir()):
        each.chmod(0o755 if each.is_dir() else 0o644)
    settings = (
        f"listeners.ssl.1 = 127.0.0.1:{tls}\n"
        f"ssl_options.cacertfile = {readable}/ca_certificate.pem\n"
        f"ssl_options.certfile = {readable}/server_certificate.pem\n"
        f"ssl_options.keyfile = {readable}/server_key.pem\n"
        "ssl_options.verify = verify_none\n"
    )
    with rabbitmq(settings) as (process, port):
        ready(process, port)
        yield Ports(port, tls)


def make_certificates(folder: Path) -> None:
    """An authority, and what it signed for the server and for a client; and a pair of a client's
    that does not belong together."""
    folder.mkdir(parents=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def openssl(*arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
        )

    openssl(
        "req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority",
        "-out", "ca_certificate.pem", "-keyout", "ca_key.pem",
    )  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for who in ("server", "client"):
        openssl(
            "req", *curve, "-subj", "/CN=localhost",
            "-out", f"{who}.csr", "-keyout", f"{who}_key.pem",
        )  # fmt: skip
        openssl(
            "x509", "-req", "-days", "2", "-in", f"{who}.csr", "-CA", "ca_certificate.pem",
            "-CAkey", "ca_key.pem", "-CAcreateserial", "-extfile", "names",
            "-out", f"{who}_certificate.pem",
        )  # fmt: skip
    shutil.copy(folder / "server_key.pem", folder / "client_key_broken.pem")
    shutil.copy(folder / "client_certificate.pem", folder / "client_certificate_broken.pem")
