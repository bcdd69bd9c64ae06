"""Redis for real clients: a thread for each connection, around fakeredis's commands.

fakeredis has a TCP server of its own. It ends a connection after every error, hands its client
10 ms late what is published, sends a pipeline's replies one by one (44 ms for 100), and lets a
client that is gone while it blocks take what comes. redis-server does none of that, so the loop is
ours; what bytes mean, and what a command does, is fakeredis's.
"""

import asyncio
import queue
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import redis
from fakeredis import FakeServer
from fakeredis._clients._tcp_server import encode_reply
from fakeredis._helpers import SimpleError

from minibroker.redis.commands import VERSION, RedisSocket

LOOKS = 0.1
"""Seconds after which a connection that waits looks whether it is to end."""

AT_ONCE = 0.005
"""The same for one that has subscriptions: so late may a message be."""

MOST = 1 << 16
"""Bytes that are read at once."""


class RedisServer:
    """One Redis on `port` of `host`; 0 takes any port that is free. It keeps nothing on disk."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = port
        self.fake = FakeServer(version=VERSION)
        """What holds the data. Its sockets are the connections."""
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """For ``redis.Redis.from_url``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis://{host}:{self.port}/0"

    async def start(self) -> None:
        """Listen. OSError if the port is taken."""
        self.open()

    async def close(self) -> None:
        """Listen no more; all connections end."""
        await asyncio.to_thread(self.shut)

    def open(self) -> None:
        """`start` for those who have no loop."""
        server = _Server((self.host, self.port), self.fake)
        self.port = server.server_address[1]
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.05,), name="minibroker-redis", daemon=True
        )
        self._thread.start()

    def shut(self) -> None:
        """`close` for those who have no loop. A second time it does nothing."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.server_close()
            server.hang_up()
            self._thread.join()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], fake: FakeServer) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.over = threading.Event()
        self.connections: set[socket.socket] = set()
        self.fake = fake
        super().__init__(address, _Handler)

    def hang_up(self) -> None:
        """End all connections."""
        self.over.set()
        for each in list(self.connections):
            with suppress(OSError):  # its client was faster
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left in the middle of something is no news."""


class _Handler(BaseRequestHandler):
    """One connection."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        """Until the client or the server ends it."""
        tcp = self.request
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections.add(tcp)
        there = _Socket(self.server, tcp)
        try:
            while not self.server.over.is_set():
                tcp.sendall(there.replies())
                wait = AT_ONCE if there.listening else LOOKS
                readable, _, _ = select.select([tcp], [], [], wait)
                if readable and not self._read(tcp, there):
                    break
        except (redis.ConnectionError, OSError):
            return  # it is gone, or was killed
        finally:
            self.server.connections.discard(tcp)
            there.close()

    def _read(self, tcp: socket.socket, there: "_Socket") -> bool:
        """Do what came; False when nothing will come any more."""
        data = tcp.recv(MOST)
        try:
            there.sendall(data)
        except SimpleError as error:  # it does not speak the protocol
            tcp.sendall(encode_reply(error, 2))
            return False
        except (redis.ConnectionError, OSError):
            raise
        except Exception as error:  # of fakeredis: a command that it cannot do
            what = f"ERR this server failed at the command ({type(error).__name__})"
            tcp.sendall(encode_reply(SimpleError(what), 2))
            return False
        return bool(data)


class _Socket(RedisSocket):
    def __init__(self, server: _Server, tcp: socket.socket) -> None:
        self._over = server.over
        self._tcp = tcp
        here, peer = tcp.getsockname(), tcp.getpeername()
        told = {
            "addr": f"{peer[0]}:{peer[1]}",
            "laddr": f"{here[0]}:{here[1]}",
            "fd": tcp.fileno(),
            "name": "",
            "resp": 2,  # until HELLO
        }
        super().__init__(server.fake, 0, client_class=redis.Redis, client_info=told)

    @property
    def listening(self) -> bool:
        """Whether something may come that was not asked for."""
        return self._pubsub > 0

    def replies(self) -> bytes:
        """What there is to send."""
        found, waiting = [], self.responses
        while waiting is not None:
            try:
                reply = waiting.get_nowait()
            except queue.Empty:
                break
            found.append(encode_reply(reply, self._client_info.protocol_version))
        return b"".join(found)

    def _decode_error(self, error: SimpleError) -> Any:
        """As the server words it: redis-py's exceptions, which fakeredis makes, have no code."""
        return error

    def _blocking(
        self,
        timeout: float | None,
        func: Callable[[bool], Any],
        shape: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Wait as fakeredis does, and look now and then whether the client is there."""
        found = func(True)
        until = time.monotonic() + timeout if timeout else None
        self._blocked = True
        try:
            while found is None and not self._in_transaction:
                left = LOOKS if until is None else min(LOOKS, until - time.monotonic())
                if left <= 0 or self._unblock_reason is not None:
                    break
                changed = self._db.condition.wait(timeout=left)
                if self._over.is_set() or _gone(self._tcp):
                    raise redis.ConnectionError("the client is gone")
                if changed and self._unblock_reason is None:
                    found = func(False)
            if self._unblock_reason is not None:
                self._take_unblock_reason()
        finally:
            self._blocked = False
            self._unblock_reason = None
        return found if shape is None else shape(found)


def _gone(tcp: socket.socket) -> bool:
    """Whether the other side has closed. What it has sent meanwhile stays to be read."""
    try:
        readable, _, _ = select.select([tcp], [], [], 0)
        return bool(readable) and tcp.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return True
