"""C library calls that are made ready in one process and made in its forked children.

    renounce = libc.Call("prctl", libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    renounce()  # in the child; raises OSError if the kernel refuses

Why not `os` and `resource`, for the calls that they have: a child just forked pays a page
fault for each piece of memory it is first to touch, objects and code alike, and those, not
the system calls, are what confining it costs. Calls made ready beforehand and all made
through ctypes touch a fifth as much.
"""

from __future__ import annotations

import ctypes
import os

# include/uapi/linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


class Call:
    """One call of the C library with its arguments, to be made any number of times.

    `name` is the function's; an argument is an int, or a ctypes object that is passed by its
    address and kept alive. Give a variadic function (prctl, syscall) all that the kernel
    looks at, zeros too. Raises `AttributeError` for a function that this system lacks.
    """

    def __init__(self, name: str, *arguments: int | ctypes.Array[ctypes.c_char]) -> None:
        """Look the function up and convert its arguments."""
        self.name = name
        self._function = getattr(_libc, name)
        self._kept = arguments
        # Longs by hand: ctypes would pass a bare int as 32 bits and cut an address.
        self._arguments = tuple(
            ctypes.c_long(argument if isinstance(argument, int) else ctypes.addressof(argument))
            for argument in arguments
        )

    def __call__(self, *further: int) -> int:
        """Make the call and return its result; raises `OSError` with errno if that is -1.

        `further` arguments are those known only now; 31 bits each.
        """
        result = self._function(*self._arguments, *further)
        if result == -1:
            number = ctypes.get_errno()
            raise OSError(number, f"{self.name}: {os.strerror(number)}")
        return int(result)


def buffer(content: bytes) -> ctypes.Array[ctypes.c_char]:
    """Hold a packed C struct in memory, for a call to point to."""
    return ctypes.create_string_buffer(content, len(content))
