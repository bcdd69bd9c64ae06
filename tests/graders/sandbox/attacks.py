"""What a hostile learner may try, and a small zygote that lets one of them try it in a fork.

    echo '{"attack": "read", "arguments": ["/etc/passwd"], "confined": true}' | python attacks.py

Every function is an attack: it takes JSON values, and returns one when it has succeeded. The
last line printed is a JSON object with what the child answered over the descriptor it kept,
{"value": …} or {"error": class name, "errno": …}, and its exit code ("exit"; minus the signal
that killed it). A job may also give: "readable" (more paths), "memory" (bytes), "cpu"
(seconds), "without" (layers to leave out: "ruleset", "filter"), "inherit" (a file the zygote
has open), "channel" (a descriptor to keep instead of one of our own), "sabotage".
"""

import array
import ctypes
import fcntl
import importlib
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from graders.sandbox import seccomp
from graders.sandbox.confine import Confinement, interpreter_paths, prepare

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    """Make a system call past the C library's wrappers."""
    result = libc.syscall(*(ctypes.c_long(value) for value in (number, *arguments)))
    if result == -1:
        raise OSError(ctypes.get_errno(), f"system call {number}")
    return result


def read(path):
    """Read a file."""
    return Path(path).read_text()


def read_of_parent(path):
    """Read a file by way of the parent's root directory."""
    return Path(f"/proc/{os.getppid()}/root{path}").read_text()


def list_directory(path):
    """List a directory."""
    return sorted(os.listdir(path))


def write(path):
    """Make a file, or overwrite one."""
    Path(path).write_text("overwritten")
    return Path(path).read_text()


def append(path):
    """Append to a file."""
    with open(path, "a") as file:
        file.write("appended")


def truncate(path):
    """Empty a file with an open that only reads."""
    os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))


def change_mode(path):
    """Change the permissions of a file that may be read, by its descriptor."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fchmod(descriptor, 0o777)
    os.utime(descriptor, (0, 0))


def rename(path):
    """Rename a file, then remove it."""
    os.rename(path, path + ".gone")
    os.unlink(path + ".gone")


def make_memory_file():
    """Make a file in memory that no limit counts."""
    return os.memfd_create("hoard")


def fork():
    """Start a process."""
    child = os.fork()
    if child == 0:
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(*command):
    """Run a program."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def execute(*command):
    """Become a program."""
    os.execv(command[0], command)


def thread():
    """Start a thread."""
    said = []
    worker = threading.Thread(target=said.append, args=("hello",))
    worker.start()
    worker.join()
    return said


def connect(port):
    """Connect to a server on this machine."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        return connection.recv(5).decode()


def listen():
    """Listen on a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[0]


def socket_pair():
    """Make a pair of sockets, one of which could send anywhere."""
    for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
        end.close()


def kill(process, number):
    """Signal a process."""
    os.kill(process, number)


def kill_parent():
    """Ask whether the parent could be signalled."""
    os.kill(os.getppid(), 0)


def own_signals(process):
    """Have the kernel signal another process when the kept descriptor has input."""
    fcntl.fcntl(CHANNEL.fileno(), fcntl.F_SETOWN, process)
    return fcntl.fcntl(CHANNEL.fileno(), fcntl.F_GETOWN)


def reschedule_parent():
    """Change the priority of the parent."""
    os.setpriority(os.PRIO_PROCESS, os.getppid(), os.getpriority(os.PRIO_PROCESS, os.getppid()))


def pass_descriptor():
    """Send the parent a descriptor it did not ask for."""
    rights = array.array("i", [CHANNEL.fileno()])
    return CHANNEL.sendmsg([b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def inherited():
    """Read from a file that the zygote had open."""
    return os.read(INHERITED, 100).decode()


def reopen():
    """Open a file that the zygote has open, by its name among the parent's descriptors."""
    return Path(f"/proc/{os.getppid()}/fd/{INHERITED}").read_text()


def reopen_own():
    """Open standard input again, by its name among the own descriptors."""
    return Path("/proc/self/fd/0").read_text()


def descriptors():
    """Say which descriptors are open."""
    return [number for number in range(1024) if is_open(number)]


def is_open(number):
    """Say whether a descriptor is open."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def bomb(size):
    """Take memory, in bytes."""
    return len(bytearray(size))


def spin(seconds):
    """Use processor time."""
    while time.process_time() < seconds:
        pass
    return seconds


def shout(mebibytes):
    """Write to standard output."""
    for _ in range(mebibytes):
        left = 1 << 20
        while left:  # a pipe may take only a part of it
            left -= os.write(1, b"!" * left)
    print("!" * 1000, flush=True)
    return mebibytes


def variable(name):
    """Read a variable of the environment, in Python and in C."""
    libc.getenv.restype = ctypes.c_char_p
    value = libc.getenv(name.encode())
    return [os.environ.get(name), value and value.decode()]


def raise_limit():
    """Be allowed more open files than a child should be."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def stand():
    """Say how this process stands: session leader, directory, dumpable."""
    return [os.getsid(0) == os.getpid(), os.getcwd(), libc.prctl(3, 0, 0, 0, 0)]


def undo_death_signal():
    """Ask to outlive the parent (PR_SET_PDEATHSIG)."""
    if libc.prctl(1, 0, 0, 0, 0) == -1:
        raise OSError(ctypes.get_errno(), "prctl")


def capabilities():
    """Say what is left of root, as three capability sets' first 32 bits."""
    sets = (ctypes.c_uint32 * 6)()
    libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), sets)
    return list(sets[:3])


def import_modules(*names):
    """Import modules, and say which of them had not been imported before."""
    fresh = [name for name in names if name not in sys.modules]
    for name in names:
        importlib.import_module(name)
    return fresh


def import_afresh(name):
    """Import a module by looking through the directories again."""
    importlib.invalidate_caches()
    return importlib.import_module(name).__name__


def refused_numbers():
    """Make every call of the table, and say which of them do not answer EPERM."""
    others = []
    for name, number in seccomp.numbers(seccomp._REFUSED, seccomp.machine()).items():
        try:
            others.append([name, call(number, 0, 0, 0, 0, 0, 0)])
        except OSError as error:
            if error.errno != 1:
                others.append([name, str(error)])
    return others


def clone3():
    """Start a process by the newest call for it."""
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD)
    child = call(435, ctypes.addressof(arguments), ctypes.sizeof(arguments))
    if child == 0:
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def unknown_call():
    """Make a system call from a later kernel than the tables know."""
    return call(463, 0, 0, 0, 0, 0, 0)


def old_entry():
    """Call getpid by the 32-bit entry, whose numbers are other ones (x86 machine code)."""
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
        start = ctypes.c_char.from_buffer(page)
        result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(start))()
        del start
        return result == os.getpid()


def talk():
    """Use the kept descriptor in each of the ways that stay allowed."""
    CHANNEL.settimeout(10)
    CHANNEL.send(b" ")
    os.write(CHANNEL.fileno(), b" ")
    CHANNEL.sendall(b" ")
    with open(CHANNEL.fileno(), "wb", buffering=0, closefd=False) as file:
        file.write(b" ")
    return "heard"


def echo():
    """Answer what comes over the kept descriptor, until its other end is closed."""
    while heard := CHANNEL.recv(100):
        CHANNEL.sendall(heard)


def measure(forks):
    """Confine as many children, and give the median, least and most time it took, in ms."""
    confinement = prepare(interpreter_paths())
    times: list[float] = []
    for _ in range(forks):
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            start = time.perf_counter_ns()
            confinement.apply(theirs.fileno())
            theirs.sendall(b"%d" % (time.perf_counter_ns() - start))
            os._exit(0)
        theirs.close()
        times.append(int(ours.recv(100)) / 1e6)
        ours.close()
        os.wait()
    times.sort()
    return [times[forks // 2], times[0], times[-1]]


def child(job, confinement):
    """Confine this process, let it attack, and answer over the channel."""
    try:
        if job.get("sabotage") == "thread":
            threading.Thread(target=signal.pause, daemon=True).start()
        if job.get("sabotage") == "ruleset":
            os.close(confinement.ruleset.fd)
        if job["confined"]:
            confinement.apply(job.get("keep", CHANNEL.fileno()))
        answer = {"value": globals()[job["attack"]](*job.get("arguments", []))}
    except BaseException as error:
        answer = {
            "error": type(error).__name__,
            "errno": getattr(error, "errno", None),
            "text": str(error),
        }
    CHANNEL.sendall(json.dumps(answer).encode())


def main():
    """Do the job given on standard input."""
    global CHANNEL, INHERITED
    job = json.load(sys.stdin)
    confinement = prepare(
        [*interpreter_paths(), *map(Path, job.get("readable", []))],
        memory=job.get("memory", 1 << 30),
        cpu=job.get("cpu", 60),
    )
    layers = {"ruleset": confinement.ruleset, "filter": confinement.filter}
    kept = [None if name in job.get("without", []) else layer for name, layer in layers.items()]
    confinement = Confinement(confinement.limits, *kept)
    if "inherit" in job:
        INHERITED = os.open(job["inherit"], os.O_RDONLY)
    ours, CHANNEL = socket.socketpair()
    if "channel" in job:
        CHANNEL = socket.socket(fileno=job["channel"])
    process = os.fork()
    if process == 0:
        ours.close()
        try:
            child(job, confinement)
        finally:
            os._exit(0)
    CHANNEL.close()
    print(json.dumps({"process": process}), flush=True)
    heard = b""
    while part := ours.recv(1 << 16):
        heard += part
    _, status = os.waitpid(process, 0)
    answer = json.loads(heard) if heard.strip() else {}
    print("\n" + json.dumps(answer | {"exit": os.waitstatus_to_exitcode(status)}))


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure(200)))
    else:
        main()
