"""One server for one directory.

Source: Kafka's ``.lock`` file (FileLock). The operating system lets go of the lock when the process
ends, however it ends, so a lock that is left behind locks nobody out.
"""

import fcntl
import os
import socket
from pathlib import Path

from minibroker.storage.errors import StorageError


def locked(directory: Path) -> int:
    """Lock the directory for this process; gives what holds the lock until it is closed.
    StorageError says who has it."""
    held = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.read(held, 200).decode(errors="replace").strip() or "another process"
        os.close(held)
        raise StorageError(
            f"{directory} is in use by {who}; stop that server or name another directory"
        ) from None
    os.ftruncate(held, 0)
    os.write(held, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return held
