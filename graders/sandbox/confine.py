"""Confine a forked child before it runs a learner's code.

    confinement = prepare(interpreter_paths(), memory=1 << 30, cpu=10)  # once, in the zygote
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        try:
            confinement.apply(theirs.fileno())
            theirs.sendall(run_the_learner())
        finally:
            os._exit(0)

The child keeps one descriptor to talk to its parent, and its own memory. Everything else is
taken, for good, in layers that do not rely on each other: what one kernel lacks, another
layer may still refuse. `layers` names the ones in force here; `missing` says in a sentence
each what is open because one is not, for the grader to print to the instructor.

What remains for the parent to do, since no layer can:

- watch the wall clock and SIGKILL the child; it may sleep and may ignore any other signal;
- take from the channel no more than it is ready to hold, and never unpickle it: the bytes are
  the learner's. The channel is to be a stream (`socket.socketpair()` or a pipe);
- keep out of the zygote what a learner must not see. A fork holds all of its parent's memory:
  solutions, tokens, and the text of the environment it was started with;
- run `prepare` and all forks in one thread that lives as long as the zygote, since the child
  dies with the thread that forked it.

The learner can still see that a file exists, its size and times (stat), by any path.

Source: Documentation/userspace-api/no_new_privs.rst, landlock.rst and seccomp_filter.rst;
prctl(2), capabilities(7), setsid(2).
"""

from __future__ import annotations

import os
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from graders.sandbox import landlock, libc, seccomp
from graders.sandbox.landlock import interpreter_paths
from graders.sandbox.limits import Limits, mapped

__all__ = ["Confinement", "ConfinementError", "interpreter_paths", "prepare"]

_LINUX = sys.platform == "linux"

_CLOSE_RANGE = 436  # system call of Linux 5.9, of this number on every machine but alpha
_LAST_DESCRIPTOR = 0x7FFF_FFFE
_CLONE_THREAD = 0x1_0000
_CAPABILITY_VERSION_3 = 0x2008_0522


class ConfinementError(RuntimeError):
    """A child could not be confined, or should not be: it must exit and not run the code."""


class Confinement:
    """All that can be made before forking; one object serves every child of a zygote.

    Made by `prepare`, in the process that forks. `limits`, `ruleset` and `filter` are the
    layers with something in them; None where the system has no such layer. It holds two
    descriptors until `close`.
    """

    def __init__(
        self,
        limits: Limits,
        ruleset: landlock.Ruleset | None,
        filter: seccomp.Filter | None,
    ) -> None:
        """Make every call ready that a child will make."""
        self.limits = limits
        self.ruleset = ruleset
        self.filter = filter
        self._zygote = os.getpid()
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._descriptors = 1 << 20 if soft == resource.RLIM_INFINITY else soft
        self._close_range = libc.Call("syscall", _CLOSE_RANGE) if _LINUX else None
        self._calls = self._ready()

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers in force, outermost first, in a few words each."""
        names = ["cleared environment", "own session", "closed descriptors", "resource limits"]
        if _LINUX:
            names += ["no new privileges", "no capabilities", "death with the parent"]
        if self.ruleset is not None:
            names.append(f"Landlock (ABI {self.ruleset.abi})")
        if self.filter is not None:
            names.append(f"seccomp ({self.filter.machine})")
        return tuple(names)

    @property
    def missing(self) -> tuple[str, ...]:
        """What this system leaves open to the learner's code, a sentence each; () is best."""
        sentences = []
        abi = 0 if self.ruleset is None else self.ruleset.abi
        if self.ruleset is None:
            verb = "read" if self.filter is not None else "read and write"
            sentences.append(
                "Landlock is missing (it needs Linux 5.13 or later, with landlock among the "
                f"security modules enabled at boot): the code can {verb} every file that the "
                "grader's user can."
            )
        if self.filter is None:
            # RLIMIT_NPROC counts for everyone but root, and threads for Linux alone.
            starts = ["threads"] if os.geteuid() == 0 or not _LINUX else []
            starts += ["processes"] if os.geteuid() == 0 else []
            powers = [
                *(f"start {started}" for started in starts),
                "use UDP and unix sockets" if abi >= landlock.NETWORK_ABI else "use the network",
                "change the permissions of files that the grader's user owns",
            ]
            if abi < landlock.SCOPE_ABI:
                powers.append("signal the processes of the grader's user")
            sentences.append(
                "seccomp is missing (it needs Linux on x86_64 or aarch64): the code can "
                f"{', '.join(powers[:-1])} and {powers[-1]}."
            )
        if not _LINUX:
            sentences.append(
                f"This system ({sys.platform}) neither limits a process's memory nor ends a "
                "child whose parent was killed."
            )
        return tuple(sentences)

    def apply(self, keep_fd: int) -> None:
        """Confine this process for good; call it first thing in the child of a fork.

        `keep_fd` is the descriptor to keep, 3 or more. Descriptors 0 to 2 become /dev/null,
        the directory becomes "/", the environment is emptied. Raises `ConfinementError` when
        this is not a child that was just forked, or when a layer fails that `prepare` found;
        the process may then be half confined, and must exit.
        """
        self._check_parent()
        if keep_fd < 3:
            raise ConfinementError(
                f"descriptor {keep_fd} cannot be kept, since 0 to 2 become /dev/null; give the "
                "descriptor of a socketpair or a pipe"
            )
        for layer, call in self._calls:
            try:
                call()
            except OSError as error:
                raise ConfinementError(
                    f"the layer “{layer}” could not be applied to process {os.getpid()} "
                    f"({error}); exit this process without running the learner's code"
                ) from error
        if keep_fd > 3:
            self._close(3, keep_fd - 1)
        self._close(keep_fd + 1, _LAST_DESCRIPTOR)
        # The zygote may have died before the child asked to die with it.
        self._check_parent()

    def close(self) -> None:
        """Give back the zygote's descriptors; no child can be confined by this object then."""
        os.close(self._null)
        if self.ruleset is not None:
            self.ruleset.close()

    def _check_parent(self) -> None:
        if os.getppid() != self._zygote:
            raise ConfinementError(
                f"process {os.getpid()} is not a child of the process that called prepare "
                f"({self._zygote}), or that one has died; fork first, then apply"
            )

    def _close(self, first: int, last: int) -> None:
        if self._close_range is not None:
            try:
                self._close_range(first, last, 0)
                return
            except OSError:
                pass  # before Linux 5.9, or where a container forbids it: one by one then
        os.closerange(first, min(last + 1, self._descriptors))

    def _ready(self) -> list[tuple[str, Callable[[], object]]]:
        calls: list[tuple[str, Callable[[], object]]] = []
        environment = "cleared environment"
        if _LINUX:
            # What os.environ.clear() does, but that calls unsetenv for each variable.
            names = getattr(os.environ, "_data", os.environ)
            calls += [(environment, names.clear), (environment, libc.Call("clearenv"))]
            unshare = libc.Call("unshare", _CLONE_THREAD)
            calls.append(("one thread", partial(_require_one_thread, unshare)))
        else:
            calls.append((environment, os.environ.clear))
        # A session of its own has no controlling terminal to read from or to type into.
        calls.append(("own session", libc.Call("setsid")))
        calls.append(("own session", libc.Call("chdir", libc.buffer(b"/\0"))))
        if _LINUX:
            privileges = libc.Call("prctl", libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            # Nor may the user's other processes read this one's memory or be left its core.
            undumpable = libc.Call("prctl", libc.PR_SET_DUMPABLE, 0, 0, 0, 0)
            calls += [("no new privileges", privileges), ("no new privileges", undumpable)]
        if self.ruleset is not None:
            calls.append(("Landlock", self.ruleset.restrict))
        for standard in (0, 1, 2):
            calls.append(("closed descriptors", libc.Call("dup2", self._null, standard)))
        calls += [("resource limits", call) for call in self.limits.calls()]
        if _LINUX:
            header = libc.buffer(struct.pack("=II", _CAPABILITY_VERSION_3, 0))
            nothing = libc.buffer(bytes(24))
            mortal = libc.Call("prctl", libc.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            calls.append(("no capabilities", libc.Call("capset", header, nothing)))
            # After the capabilities, since a change of those may reset the signal.
            calls.append(("death with the parent", mortal))
        if self.filter is not None:
            # Last, since it refuses most of the calls above.
            calls.append(("seccomp", self.filter.install))
        return calls


def prepare(
    readable: Sequence[Path],
    memory: int = 1 << 30,
    cpu: int = 10,
    descriptors: int = 64,
) -> Confinement:
    """Find out what this system can take away, and make all that needs making only once.

    readable: files and directories (with all beneath) that stay readable; begin with
        `interpreter_paths()` and add the directory of each package that the code needs.
    memory, cpu, descriptors: bytes of address space in all, seconds of processor time and
        open descriptors of each child (`limits.Limits`).

    Call it in the process that will fork the children. Raises `ValueError` for a path that is
    not there and for less memory than this process already has mapped.
    """
    for path in readable:
        if not path.exists():
            raise ValueError(f"readable path {path} does not exist; leave it out or correct it")
    inherited = mapped()
    if memory <= inherited:
        raise ValueError(
            f"memory={memory} bytes is no more than the {inherited} that this process has mapped "
            "already and its children inherit; give more, or import less before preparing"
        )
    library = Path(sysconfig.get_path("stdlib"))
    abi = landlock.abi()
    machine = seccomp.machine() if seccomp.available() else None
    return Confinement(
        Limits(memory=memory, cpu=cpu, descriptors=descriptors),
        # Import looks for a module in a list of the library's directory, made anew at times.
        landlock.Ruleset(readable, abi, listable=[library]) if abi else None,
        seccomp.Filter(machine) if machine else None,
    )


def _require_one_thread(unshare: Callable[[], object]) -> None:
    # Landlock and seccomp bind the calling thread alone, and a library may have started
    # another as soon as we forked. To unshare a thread that is alone does nothing, and in
    # company it is EINVAL; unshare(2).
    try:
        unshare()
    except OSError as error:
        # A container may forbid the call, and Linux before 4.3 does not know it: count then.
        threads = len(os.listdir("/proc/self/task"))
        if threads > 1:
            raise OSError(
                error.errno,
                f"{threads} threads run and only one would be bound; find the library that "
                "starts a thread after a fork and keep it out of the zygote",
            ) from error
