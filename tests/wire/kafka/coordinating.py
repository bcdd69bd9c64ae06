"""What members of a group and transactional producers ask, in any version of each request."""

import io
import socket
import struct
from datetime import timedelta
from importlib import import_module
from typing import Any

from kio.serial import entity_reader, entity_writer

from minibroker.wire.kafka.messages import KEYS
from tests.wire.kafka import raw
from tests.wire.kafka.asking import Of

SESSION = timedelta(seconds=6)
REBALANCE = timedelta(seconds=30)


def send(connection: socket.socket, of: Of, **given: Any) -> None:
    """Send a request of these fields."""
    title = "".join(word.capitalize() for word in of.name.split("_"))
    request = getattr(of, f"{title}Request")(**given)
    buffer = io.BytesIO()
    entity_writer(type(request))(buffer, request)
    connection.sendall(raw.request(of.name, of.version, buffer.getvalue()))


def answered(connection: socket.socket, of: Of) -> Any:
    """The answer to it, which must be whole and no longer."""
    data = raw.answer(connection)
    assert data is not None, "the connection was closed"
    assert struct.unpack_from(">i", data)[0] == 7
    module = import_module(f"kio.schema.{of.name}.v{of.version}.response")
    title = "".join(word.capitalize() for word in of.name.split("_"))
    kind = getattr(module, f"{title}Response")
    at = 5 if kind.__flexible__ else 4
    found, size = entity_reader(kind)(data, at)
    assert at + size == len(data)
    return found


def ask(connection: socket.socket, of: Of, **given: Any) -> Any:
    """Send it and wait for the answer."""
    send(connection, of, **given)
    return answered(connection, of)


def versions(name: str, first: int, last: int) -> list[Of]:
    """All from the first to the last."""
    assert name in KEYS
    return [Of(name, version) for version in range(first, last + 1)]


class Member:
    """One of a group of the classic protocol, on a connection of its own."""

    def __init__(
        self,
        connection: socket.socket,
        group: str = "shop",
        version: int = 9,
        instance_id: str | None = None,
    ) -> None:
        self.connection, self.group = connection, group
        self._of = Of("join_group", version)
        self.instance_id = instance_id
        self.member_id, self.generation = "", -1

    def asks_to_join(self, metadata: bytes = b"wish") -> None:
        """Send the join, with the id that it has."""
        protocol = self._of.JoinGroupRequestProtocol
        send(
            self.connection,
            self._of,
            group_id=self.group,
            session_timeout=SESSION,
            rebalance_timeout=REBALANCE,
            member_id=self.member_id,
            group_instance_id=self.instance_id,
            protocol_type="consumer",
            protocols=(protocol(name="range", metadata=metadata),),
            reason=None,
        )

    def joined(self) -> Any:
        """The answer to its join."""
        found = answered(self.connection, self._of)
        self.member_id, self.generation = found.member_id, found.generation_id
        return found

    def joins(self) -> Any:
        """Join, with the id that it is given first."""
        self.asks_to_join()
        found = self.joined()
        if found.error_code.name == "member_id_required":
            self.asks_to_join()
            found = self.joined()
        return found

    def asks_to_sync(self, parts: dict[str, bytes], version: int = 5) -> Of:
        """Send the sync; the leader brings the parts."""
        of = Of("sync_group", version)
        assignment = of.SyncGroupRequestAssignment
        send(
            self.connection,
            of,
            **self.named,
            protocol_type="consumer",
            protocol_name="range",
            assignments=tuple(
                assignment(member_id=each, assignment=part) for each, part in parts.items()
            ),
        )
        return of

    def syncs(self, parts: dict[str, bytes] | None = None, version: int = 5) -> Any:
        """Sync and wait for its own part."""
        return answered(self.connection, self.asks_to_sync(parts or {}, version))

    def beats(self, version: int = 4) -> str:
        """What a heartbeat tells it."""
        code: str = ask(self.connection, Of("heartbeat", version), **self.named).error_code.name
        return code

    @property
    def named(self) -> dict[str, Any]:
        """How it names itself in a request."""
        return {
            "group_id": self.group,
            "generation_id": self.generation,
            "member_id": self.member_id,
            "group_instance_id": self.instance_id,
        }
