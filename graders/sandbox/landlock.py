"""Landlock: read-only access beneath chosen paths, and to no other file.

    rules = landlock.Ruleset([Path("/usr/lib/python3.11")], landlock.abi())
    rules.restrict()  # in the child, after no_new_privs; irrevocable

A ruleset *handles* rights: each handled right is refused everywhere, except beneath a path
that a rule names. We handle every right that the kernel knows and give two of them, reading
files and listing directories. A kernel announces the rights it knows by an ABI number, and
refuses a ruleset that asks for more, so each right is listed with the ABI that brought it.

What Landlock leaves alone, at every ABI so far: stat, chdir, readlink, chmod, chown, utime,
setxattr, and descriptors that are already open. `graders.sandbox.seccomp` refuses those of
them that change anything.

Source: Documentation/userspace-api/landlock.rst; include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from graders.sandbox import libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_LOG_SAME_EXEC_OFF = 1

NEWEST_ABI = 7
NETWORK_ABI = 4
SCOPE_ABI = 6
_QUIET_ABI = 7

READ_FILE = 1 << 2
READ_DIRECTORY = 1 << 3

# ABI -> rights new in it. Rights over files:
_FILES = {
    1: (1 << 13) - 1,  # execute, write, read, list, remove x2, make x7
    2: 1 << 13,  # refer: link or rename into another directory
    3: 1 << 14,  # truncate
    5: 1 << 15,  # ioctl on devices
}
_NETWORK = {NETWORK_ABI: 0b11}  # bind and connect of TCP sockets
_SCOPES = {SCOPE_ABI: 0b11}  # abstract unix sockets, signals to processes outside

_PACKAGES = ("site-packages", "dist-packages")
_C_LIBRARY = ("libc.", "libc-", "ld-musl")


def abi() -> int:
    """The kernel's Landlock ABI, or 0 where there is none (or it was left out at boot)."""
    if sys.platform != "linux":
        return 0
    try:
        return libc.Call("syscall", _CREATE_RULESET, 0, 0, _CREATE_RULESET_VERSION)()
    except OSError:
        return 0


def handled(version: int) -> tuple[int, int, int]:
    """The bits to handle at ABI `version`: (rights over files, over TCP, scopes)."""
    files, network, scopes = (
        sum(bits for since, bits in rights.items() if since <= version)
        for rights in (_FILES, _NETWORK, _SCOPES)
    )
    return files, network, scopes


class Ruleset:
    """A ruleset made once, before forking, and applied in every child.

    `readable` are the files and directories that stay readable, directories with all that is
    beneath them; of `listable` directories and those beneath, only the names. Symbolic links
    are judged by where they lead. `version` is the kernel's `abi()`. `restrict` is the call
    that confines the calling thread for good; no_new_privs must be set. Raises `OSError` when
    a path cannot be opened or the kernel refuses the rules.
    """

    def __init__(
        self, readable: Sequence[Path], version: int, listable: Sequence[Path] = ()
    ) -> None:
        """Create the ruleset; it holds one descriptor until `close`."""
        self.abi = min(version, NEWEST_ABI)
        files, network, scopes = handled(self.abi)
        # struct landlock_ruleset_attr grew with the ABI, and an older kernel refuses bytes
        # that it does not know unless they are zero, which they are here by the mask.
        attributes = libc.buffer(struct.pack("=QQQ", files, network, scopes))
        self.fd = libc.Call("syscall", _CREATE_RULESET, attributes, len(attributes), 0)()
        # Refusals are what we expect of untrusted code: keep them out of the audit log.
        flags = _LOG_SAME_EXEC_OFF if self.abi >= _QUIET_ABI else 0
        self.restrict = libc.Call("syscall", _RESTRICT_SELF, self.fd, flags)
        try:
            for path in readable:
                self._allow(path, READ_FILE | READ_DIRECTORY)
            for path in listable:
                self._allow(path, READ_DIRECTORY)
        except OSError:
            self.close()
            raise

    def _allow(self, path: Path, rights: int) -> None:
        # O_PATH, because a rule needs the place and not the right to read it.
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            is_directory = stat.S_ISDIR(os.fstat(place).st_mode)
            # A right over directories in a rule about a file is EINVAL.
            rights = rights if is_directory else rights & READ_FILE
            rule = libc.buffer(struct.pack("=Qi", rights, place))
            libc.Call("syscall", _ADD_RULE, self.fd, _RULE_PATH_BENEATH, rule, 0)()
        finally:
            os.close(place)

    def close(self) -> None:
        """Give the descriptor back; children already confined stay so."""
        os.close(self.fd)


def interpreter_paths() -> tuple[Path, ...]:
    """The paths this interpreter reads to import from its own standard library.

    Every entry of the library but its site-packages, where solutions may be installed: a
    grader adds the directory of each package that the code needs. Then the shared libraries
    beside it and those of the system with the loader's cache, since an extension (_decimal,
    _sqlite3) may need one. The paths, some hundreds, exist and are resolved.
    """
    library = Path(sysconfig.get_path("stdlib"))
    paths = {entry for entry in library.iterdir() if entry.name not in _PACKAGES}
    paths |= {Path(sysconfig.get_config_var("DESTSHARED") or library / "lib-dynload")}
    paths |= {Path("/etc/ld.so.cache")}
    paths |= set(Path(sys.base_prefix, "lib").glob("*.so*"))
    for directory in _c_library_directories():
        # File by file where the whole would open the interpreter's packages too.
        whole = not library.resolve().is_relative_to(directory.resolve())
        paths |= {directory} if whole else set(directory.glob("*.so*"))
    resolved = {path.resolve() for path in paths if path.exists()}
    return tuple(sorted(path for path in resolved if resolved.isdisjoint(path.parents)))


def _c_library_directories() -> set[Path]:
    try:
        maps = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return set()
    files = {Path(line.split(maxsplit=5)[5]) for line in maps if ".so" in line}
    return {file.parent for file in files if file.name.startswith(_C_LIBRARY)}
