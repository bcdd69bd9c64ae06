"""Which Kafka it is, by what it says of itself: ApiVersions, version 3 (KIP-511, KIP-584).

No request asks a broker for its release. But a cluster has a ``metadata.version``, and each release
a newest one that it knows; so this is the oldest release that the broker can be.
"""

import socket
import struct

_API_VERSIONS, _VERSION = 18, 3

_FINALIZED = 2
"""The tag of the finalized features in the response."""

RELEASES = {21: "3.9", 25: "4.0", 27: "4.1", 29: "4.2", 30: "4.3", 33: "4.4"}
"""The level of ``metadata.version`` that each release has by default, as Kafka 4.4's storage tool
lists them (``version-mapping``)."""


def release(host: str, port: int, patience: float) -> str | None:
    """What to call it; None if it does not tell. OSError if it does not answer as a Kafka does."""
    with socket.create_connection((host, port), patience) as connection:
        connection.settimeout(patience)
        connection.sendall(_request())
        size = struct.unpack(">i", _read(connection, 4))[0]
        if not 10 <= size <= 1 << 20:
            raise OSError("it does not speak Kafka's protocol")
        level = finalized(_read(connection, size)).get("metadata.version", 0)
    known = [name for first, name in RELEASES.items() if first <= level]
    return f"Apache Kafka {known[-1]}" if known else None


def finalized(answer: bytes) -> dict[str, int]:
    """The levels of the features that are in force, from a response without its size."""
    reader = _Reader(answer)
    try:
        reader.skip(6)  # the correlation id and the error
        for _ in range(reader.varint() - 1):
            reader.skip(6)
            reader.skip_tags()
        reader.skip(4)  # how long the client is throttled
        for _ in range(reader.varint()):
            tag, size = reader.varint(), reader.varint()
            if tag == _FINALIZED:
                return reader.levels()
            reader.skip(size)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise OSError("it does not speak Kafka's protocol") from None
    return {}


def _request() -> bytes:
    name = b"ackademy"
    header = struct.pack(">hhih", _API_VERSIONS, _VERSION, 0, len(name)) + name + b"\0"
    body = bytes([len(name) + 1]) + name + b"\x021" + b"\0"
    return struct.pack(">i", len(header + body)) + header + body


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise OSError("it hung up, which Kafka does not do")
        data += piece
    return data


class _Reader:
    """The compact encoding of KIP-482, as far as it is needed here."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def skip(self, size: int) -> None:
        self._at += size

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def skip_tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.skip(self.varint())

    def levels(self) -> dict[str, int]:
        found = {}
        for _ in range(self.varint() - 1):
            size = self.varint() - 1
            name = self._data[self._at : self._at + size].decode()
            self.skip(size)
            found[name] = struct.unpack_from(">h", self._data, self._at)[0]
            self.skip(4)  # the highest and the lowest level
            self.skip_tags()
        return found
