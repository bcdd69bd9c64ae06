"""Resource limits of a child: memory, processor time, descriptors, files, core dumps.

    for call in limits.Limits(memory=1 << 30, cpu=10, descriptors=64).calls():
        call()  # in the child

Soft and hard limits are set together, so that they cannot be raised again (by root neither,
once it has no capabilities). A hard limit that is already lower stays.

Source: setrlimit(2), core(5).
"""

from __future__ import annotations

import resource
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox import libc


@dataclass(frozen=True)
class Limits:
    """What one child may use.

    memory: bytes of address space, the interpreter and what it inherited included
        (RLIMIT_AS); one allocation too many is a MemoryError. Only Linux keeps to it.
    cpu: seconds of processor time from the fork: SIGXCPU then, SIGKILL a second later. The
        backstop for a parent that should be watching the clock: sleeping costs nothing here.
    descriptors: open files at once (RLIMIT_NOFILE).
    """

    memory: int
    cpu: int
    descriptors: int

    def calls(self) -> list[libc.Call]:
        """The calls that set every limit, none of them above what this process may have."""
        limits = [
            # Even a file left writable takes no byte: write(2) is EFBIG, since Python ignores
            # SIGXFSZ. Sockets, pipes and /dev/null are not files in this sense.
            (resource.RLIMIT_FSIZE, 0, 0),
            (resource.RLIMIT_CORE, 0, 0),
            # Counts the user's processes on the machine, and is no limit to root.
            (resource.RLIMIT_NPROC, 0, 0),
            (resource.RLIMIT_NOFILE, self.descriptors, self.descriptors),
            (resource.RLIMIT_CPU, self.cpu, self.cpu + 1),
        ]
        if sys.platform == "linux":
            limits.append((resource.RLIMIT_AS, self.memory, self.memory))
        return [_lower(*limit) for limit in limits]


def mapped() -> int:
    """Bytes of address space that this process has already, 0 where that is not known."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _lower(kind: int, soft: int, hard: int) -> libc.Call:
    _, ceiling = resource.getrlimit(kind)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    return libc.Call("setrlimit", kind, libc.buffer(struct.pack("@LL", soft, hard)))
