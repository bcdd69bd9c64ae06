"""How a connection begins: who the client is, and what both sides agree on (AMQP 0-9-1, 2.2.4;
RabbitMQ, "Access Control", and its `rabbit_reader`).
"""

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from pamqp import commands

from minibroker.sim.values import Value
from minibroker.wire.amqp import fields
from minibroker.wire.amqp.errors import NOT_ALLOWED, HardError

if TYPE_CHECKING:
    from minibroker.wire.amqp.connection import Connection
    from minibroker.wire.amqp.server import AmqpServer

Act: TypeAlias = Callable[[], None]

VERSION = "4.3.0"
"""The RabbitMQ whose behaviour this is: clients look at it."""

CHANNEL_MAX, FRAME_MAX, HEARTBEAT = 2047, 131_072, 60
SMALLEST_FRAME = 8192
"""RabbitMQ 4.1 and newer."""

CAPABILITIES: dict[str, Value] = dict.fromkeys(
    (
        "publisher_confirms",
        "exchange_exchange_bindings",
        "basic.nack",
        "consumer_cancel_notify",
        "connection.blocked",
        "consumer_priorities",
        "authentication_failure_close",
        "per_consumer_qos",
        "direct_reply_to",
    ),
    True,
)

REFUSED = 403


def start() -> tuple[object, ...]:
    """The fields of connection.start."""
    properties: dict[str, Value] = {
        "capabilities": CAPABILITIES,
        "cluster_name": "minibroker",
        "product": "RabbitMQ",
        "version": VERSION,
        "platform": "minibroker",
        "information": "The bundled broker of Ackademy; it speaks as RabbitMQ does",
    }
    return 0, 9, properties, b"PLAIN AMQPLAIN", b"en_US"


def tune(server: "AmqpServer") -> tuple[int, int, int]:
    """The fields of connection.tune."""
    return CHANNEL_MAX, FRAME_MAX, server.heartbeat


def authenticate(connection: "Connection", method: commands.Connection.StartOk) -> None:
    """Who the client says to be, and proves to be. HardError 403 if it does not."""
    given = method.client_properties or {}
    capabilities, name = given.get("capabilities"), given.get("connection_name")
    if isinstance(capabilities, dict):
        connection.capabilities = dict(capabilities)
    if isinstance(name, str) and name:
        connection.name = name
    response: bytes = method.response  # type: ignore[assignment]
    user, password = _said(method.mechanism, response)
    users = connection.server.users
    if user not in users or users[user] != password:
        raise _refused(
            f"Login was refused using authentication mechanism {method.mechanism}. For details "
            "see the broker logfile."
        )
    connection.user = user
    if user == "guest" and not _is_loopback(connection.peer):
        raise _refused(
            f"Login was refused using authentication mechanism {method.mechanism}. For details "
            "see the broker logfile."
        )


def _said(mechanism: str, response: bytes) -> tuple[str, str]:
    if mechanism == "PLAIN":
        parts = response.split(b"\0")
        if len(parts) == 3:
            return parts[1].decode(errors="replace"), parts[2].decode(errors="replace")
    elif mechanism == "AMQPLAIN":
        try:
            _, table = fields.read_table(fields.longstr(response), 0)
        except Exception:
            table = {}
        user, password = table.get("LOGIN"), table.get("PASSWORD")
        if isinstance(user, str) and isinstance(password, str):
            return user, password
    else:
        raise HardError(503, f"unknown authentication mechanism '{mechanism}'")
    raise _refused(
        f"Login was refused using authentication mechanism {mechanism}. For details see the broker "
        "logfile."
    )


def may_be_told(connection: "Connection", error: HardError) -> bool:
    """A client that was not let in is told so only if it says that it understands
    (``authentication_failure_close``)."""
    if error.code != REFUSED:
        return connection.fate not in ("header", "starting")
    return connection.capabilities.get("authentication_failure_close") is True


def tuned(connection: "Connection", method: commands.Connection.TuneOk) -> int:
    """What was agreed on; gives the interval of heartbeats in seconds, 0 for none. HardError 530
    for more than was offered."""
    for name, wanted, least, most in (
        ("frame_max", method.frame_max, SMALLEST_FRAME, FRAME_MAX),
        ("channel_max", method.channel_max, 1, CHANNEL_MAX),
    ):
        if wanted and wanted < least:
            raise HardError(
                NOT_ALLOWED,
                f"negotiated {name} = {wanted} is lower than the minimum allowed value ({least})",
                method=commands.Connection.Tune,
            )
        if not wanted or wanted > most:
            detail = " (no limit)" if name == "channel_max" and not wanted else ""
            raise HardError(
                NOT_ALLOWED,
                f"negotiated {name} = {wanted}{detail} is higher than the "
                f"maximum allowed value ({most})",
                method=commands.Connection.Tune,
            )
    connection.frame_max, connection.channel_max = method.frame_max, method.channel_max
    return method.heartbeat


def check_vhost(name: str) -> None:
    """There is one virtual host. HardError 530 for another."""
    if name != "/":
        raise HardError(NOT_ALLOWED, f"vhost {name} not found")


def _refused(text: str) -> HardError:
    return HardError(REFUSED, text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
