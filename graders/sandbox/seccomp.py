"""seccomp: the system calls that learner's code is refused, as one BPF program.

    calls = seccomp.Filter("x86_64")
    calls.install()  # in the child, after no_new_privs and after all else; irrevocable

The program is a decision tree over the call's number, so a call costs some eight comparisons
(and nothing at all for a call that is always allowed, which Linux 5.11 and later remember).
A refused call returns an errno and the learner sees a PermissionError; a call made through
another architecture's entry kills the process.

Tables: one line of text for some calls, each as "name x86_64-number aarch64-number", with "-"
where the machine has no such call. Calls newer than the tables do not exist for the child.

Source: Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/seccomp.h,
include/uapi/linux/audit.h; numbers from arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from graders.sandbox import libc

Instruction = tuple[int, int, int, int]
"""One struct sock_filter: (code, jump if true, jump if false, constant)."""

# Why a group is refused stands above it.
_REFUSED = (
    # No process and no thread is started, and no program is run.
    """
    fork 57 -  vfork 58 -  clone 56 220  execve 59 221  execveat 322 281  setpgid 109 154
    """
    # Other processes are not signalled, read, traced or rescheduled: root may do it to all.
    """
    kill 62 129  tkill 200 130  tgkill 234 131  rt_sigqueueinfo 129 138
    rt_tgsigqueueinfo 297 240  pidfd_open 434 434  pidfd_send_signal 424 424
    pidfd_getfd 438 438  ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271
    process_madvise 440 440  process_mrelease 448 448  kcmp 312 272  get_robust_list 274 100
    migrate_pages 256 238  move_pages 279 239  setpriority 141 140  ioprio_set 251 30
    sched_setparam 142 118  sched_setscheduler 144 119  sched_setattr 314 274
    sched_setaffinity 203 122
    """
    # No new socket. sendmsg could pass a descriptor to the parent, or name an address.
    """
    socket 41 198  socketpair 53 199  connect 42 203  bind 49 200  listen 50 201  accept 43 202
    accept4 288 242  sendmsg 46 211  sendmmsg 307 269  setsockopt 54 208
    """
    # Memory and queues shared with other processes are reached by a key, not by a file.
    """
    shmget 29 194  shmat 30 196  shmctl 31 195  semget 64 190  semop 65 193  semtimedop 220 192
    semctl 66 191  msgget 68 186  msgsnd 69 189  msgrcv 70 188  msgctl 71 187  mq_open 240 180
    mq_unlink 241 181
    """
    # Landlock does not govern attributes, so root could chmod the library it may only read;
    # nor handles, nor watches. The rest is here for kernels without Landlock. Memory of a
    # memfd does not count towards RLIMIT_AS.
    """
    creat 85 -  truncate 76 45  ftruncate 77 46  mkdir 83 -  mkdirat 258 34  rmdir 84 -
    unlink 87 -  unlinkat 263 35  rename 82 -  renameat 264 38  renameat2 316 276  link 86 -
    linkat 265 37  symlink 88 -  symlinkat 266 36  mknod 133 -  mknodat 259 33  chmod 90 -
    fchmod 91 52  fchmodat 268 53  fchmodat2 452 452  chown 92 -  fchown 93 55  lchown 94 -
    fchownat 260 54  utime 132 -  utimes 235 -  futimesat 261 -  utimensat 280 88
    setxattr 188 5  lsetxattr 189 6  fsetxattr 190 7  removexattr 197 14  lremovexattr 198 15
    fremovexattr 199 16  flock 73 32  fallocate 285 47  sync 162 81  syncfs 306 267
    name_to_handle_at 303 264  open_by_handle_at 304 265  memfd_create 319 279
    memfd_secret 447 447  inotify_init 253 -  inotify_init1 294 26  inotify_add_watch 254 27
    fanotify_init 300 262  fanotify_mark 301 263
    """
    # Whom the child runs as and its limits stay as they were set, and so does this filter.
    """
    setuid 105 146  setgid 106 144  setreuid 113 145  setregid 114 143  setresuid 117 147
    setresgid 119 149  setfsuid 122 151  setfsgid 123 152  setgroups 116 159  capset 126 91
    setrlimit 160 164  seccomp 317 277  personality 135 92  lsm_set_self_attr 460 460
    """
    # The machine is left as it is.
    """
    mount 165 40  umount2 166 39  open_tree 428 428  move_mount 429 429  fsopen 430 430
    fsconfig 431 431  fsmount 432 432  fspick 433 433  mount_setattr 442 442  pivot_root 155 41
    chroot 161 51  unshare 272 97  setns 308 268  reboot 169 142  kexec_load 246 104
    kexec_file_load 320 294  init_module 175 105  finit_module 313 273  delete_module 176 106
    create_module 174 -  swapon 167 224  swapoff 168 225  sethostname 170 161
    setdomainname 171 162  settimeofday 164 170  clock_settime 227 112  adjtimex 159 171
    clock_adjtime 305 266  syslog 103 116  acct 163 89  quotactl 179 60  quotactl_fd 443 443
    vhangup 153 58  iopl 172 -  ioperm 173 -  _sysctl 156 -  nfsservctl 180 42
    lookup_dcookie 212 18  uselib 134 -
    """
    # Large parts of the kernel that have been broken before and that no exercise needs;
    # io_uring would also carry out refused calls for the child, past this filter.
    """
    bpf 321 280  perf_event_open 298 241  add_key 248 217  request_key 249 218  keyctl 250 219
    userfaultfd 323 282  io_uring_setup 425 425  io_uring_enter 426 426
    io_uring_register 427 427  io_setup 206 0  io_submit 209 2  splice 275 76  tee 276 77
    vmsplice 278 75  modify_ldt 154 -  remap_file_pages 216 234
    """
)

# Their arguments lie in memory, where a filter cannot look. ENOSYS makes the C library take
# the older call, which it can judge: clone for clone3, openat for openat2.
_ABSENT = "clone3 435 435  openat2 437 437"

_JUDGED = """
    open 2 -  openat 257 56  fcntl 72 25  ioctl 16 29  prctl 157 167  prlimit64 302 261
    sendto 44 206
"""

_LAST_KNOWN = 462  # mseal, Linux 6.10

# struct seccomp_data: nr at 0, arch at 4, instruction pointer at 8, six u64 arguments from 16.
_NUMBER, _ARCHITECTURE = 0, 4

_LOAD, _JUMP, _IF_EQUAL, _IF_FROM, _IF_BITS, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06

_FARTHEST = 255  # how many instructions a conditional jump can skip; the plain one, any number

_KILL = 0x8000_0000
_ERRNO = 0x0005_0000
_ALLOW = 0x7FFF_0000

_MODE_FILTER = 2  # SECCOMP_MODE_FILTER

_AUDIT_ARCH = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
MACHINES = tuple(_AUDIT_ARCH)

# O_WRONLY | O_RDWR, O_CREAT, O_TRUNC, and the bit of O_TMPFILE that is its own.
_WRITING = 0o3 | 0o100 | 0o1000 | 0o20000000

# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. Not among them:
# F_SETOWN and F_SETSIG (any signal to any process, upon input on a descriptor), leases, locks.
_FCNTL = (0, 1, 2, 3, 4, 1030, 1032)

# TCGETS and TCGETS2 (isatty), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. Not among
# them: TIOCSTI, FIOSETOWN, FS_IOC_SETFLAGS (chattr by root, on a file open for reading).
_IOCTL = (0x5401, 0x802C_542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)

# PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP,
# PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_VMA (malloc names its memory).
_PRCTL = (2, 3, 15, 16, 21, 23, 39, 0x5356_4D41)


def machine() -> str | None:
    """This process's machine if there is a table for it ("x86_64", "aarch64"), else None."""
    name = os.uname().machine
    # A 32-bit interpreter on a 64-bit kernel makes other calls than `uname` suggests.
    return name if name in MACHINES and sys.maxsize > 2**32 else None


def available() -> bool:
    """Whether the kernel takes a filter: it says EFAULT, not EINVAL, to one at address 0."""
    if sys.platform != "linux":
        return False
    try:
        libc.Call("prctl", libc.PR_SET_SECCOMP, _MODE_FILTER, 0, 0, 0)()
    except OSError as error:
        return error.errno == errno.EFAULT
    return False


class Filter:
    """A program assembled once, before forking, and installed in every child.

    `install` is the call that binds the calling thread for good; no_new_privs must be set.
    """

    def __init__(self, machine: str) -> None:
        """Assemble for one of `MACHINES`, the one this process runs on."""
        self.machine = machine
        instructions = program(machine)
        # The kernel finds the code by its address in struct sock_fprog, so it is kept here.
        self._code = libc.buffer(b"".join(struct.pack("=HBBI", *line) for line in instructions))
        header = struct.pack("@HP", len(instructions), ctypes.addressof(self._code))
        self.install = libc.Call(
            "prctl", libc.PR_SET_SECCOMP, _MODE_FILTER, libc.buffer(header), 0, 0
        )


def numbers(table: str, machine: str) -> dict[str, int]:
    """Read one of this file's tables: name -> number on `machine`, for the calls it has."""
    words = table.split()
    column = words[1 + MACHINES.index(machine) :: 3]
    return {name: int(word) for name, word in zip(words[::3], column, strict=True) if word != "-"}


def program(machine: str) -> tuple[Instruction, ...]:
    """The whole filter for one of `MACHINES`, at most 4096 instructions (BPF_MAXINSNS)."""
    leaves = _leaves(machine)
    allow = (_answer(_ALLOW),)
    runs: list[tuple[int, tuple[Instruction, ...]]] = []
    for number in range(_LAST_KNOWN + 1):
        leaf = leaves.get(number, allow)
        if not runs or runs[-1][1] != leaf:
            runs.append((number, leaf))
    # From here on there are newer calls and, from 0x4000_0000, those of x86's x32 ABI.
    runs.append((_LAST_KNOWN + 1, (_refuse(errno.ENOSYS),)))
    return (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _answer(_KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_tree(runs),
    )


def _leaves(machine: str) -> dict[int, tuple[Instruction, ...]]:
    leaves = dict.fromkeys(numbers(_REFUSED, machine).values(), (_refuse(errno.EPERM),))
    leaves |= dict.fromkeys(numbers(_ABSENT, machine).values(), (_refuse(errno.ENOSYS),))
    judged = {
        "open": _reading_only(flags=1),
        "openat": _reading_only(flags=2),
        "fcntl": _one_of(1, _FCNTL),
        "ioctl": _one_of(1, _IOCTL),
        "prctl": _one_of(0, _PRCTL),
        "prlimit64": _null(2),  # reads a limit when the new one is NULL
        "sendto": _null(4),  # is send when the address is NULL
    }
    return leaves | {number: judged[name] for name, number in numbers(_JUDGED, machine).items()}


def _tree(runs: list[tuple[int, tuple[Instruction, ...]]]) -> tuple[Instruction, ...]:
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    lower, upper = _tree(runs[:middle]), _tree(runs[middle:])
    if len(lower) <= _FARTHEST:
        return ((_IF_FROM, len(lower), 0, runs[middle][0]), *lower, *upper)
    return ((_IF_FROM, 0, 1, runs[middle][0]), (_JUMP, 0, 0, len(lower)), *lower, *upper)


def _answer(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _refuse(number: int) -> Instruction:
    return _answer(_ERRNO | number)


def _argument(index: int) -> Instruction:
    # Its low half, on machines that are all little-endian: an int's upper half means nothing.
    return (_LOAD, 0, 0, 16 + 8 * index)


def _reading_only(flags: int) -> tuple[Instruction, ...]:
    return (
        _argument(flags),
        (_IF_BITS, 0, 1, _WRITING),
        _refuse(errno.EACCES),
        _answer(_ALLOW),
    )


def _one_of(index: int, values: tuple[int, ...]) -> tuple[Instruction, ...]:
    count = len(values)
    tests = tuple((_IF_EQUAL, count - position, 0, value) for position, value in enumerate(values))
    return (_argument(index), *tests, _refuse(errno.EPERM), _answer(_ALLOW))


def _null(index: int) -> tuple[Instruction, ...]:
    load_low = _argument(index)
    load_high = (_LOAD, 0, 0, load_low[3] + 4)
    return (
        load_low,
        (_IF_EQUAL, 0, 2, 0),
        load_high,
        (_IF_EQUAL, 1, 0, 0),
        _refuse(errno.EPERM),
        _answer(_ALLOW),
    )
