"""The filter's program, run by a small interpreter here, for both machines on any machine."""

import errno
import re
from pathlib import Path

import pytest

from graders.sandbox import seccomp

ALLOW, KILL = 0x7FFF_0000, 0x8000_0000
EPERM, EACCES, ENOSYS = (0x5_0000 | number for number in (errno.EPERM, errno.EACCES, 38))

ARCHITECTURE = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
I386 = 0x4000_0003

every_machine = pytest.mark.parametrize("machine", seccomp.MACHINES)


def verdict(machine, number, *arguments, architecture=None):
    """What the kernel would do with a call, by Documentation/networking/filter.rst."""
    data = [number, architecture or ARCHITECTURE[machine], 0, 0]
    for value in (*arguments, 0, 0, 0, 0, 0, 0)[:6]:
        data += [value & 0xFFFF_FFFF, value >> 32]
    code = seccomp.program(machine)
    at = loaded = 0
    while True:
        operation, when_true, when_false, constant = code[at]
        at += 1
        if operation == 0x06:
            return constant
        if operation == 0x20:
            loaded = data[constant // 4]
        elif operation == 0x05:
            at += constant
        else:
            holds = {
                0x15: loaded == constant,
                0x35: loaded >= constant,
                0x45: bool(loaded & constant),
            }[operation]
            at += when_true if holds else when_false


def number(machine, name):
    """The number of a call that the filter judges by its arguments."""
    return seccomp.numbers(seccomp._JUDGED, machine)[name]


@every_machine
def test_every_call_of_the_tables_is_refused_and_every_other_known_one_allowed(machine):
    refused = set(seccomp.numbers(seccomp._REFUSED, machine).values())
    absent = set(seccomp.numbers(seccomp._ABSENT, machine).values())
    judged = set(seccomp.numbers(seccomp._JUDGED, machine).values())
    for call in set(range(463)) - judged:
        expected = EPERM if call in refused else ENOSYS if call in absent else ALLOW
        assert verdict(machine, call) == expected, call


@every_machine
def test_no_call_stands_in_two_tables(machine):
    tables = (seccomp._REFUSED, seccomp._ABSENT, seccomp._JUDGED)
    found = [call for table in tables for call in seccomp.numbers(table, machine).values()]
    assert len(found) == len(set(found))


@every_machine
def test_calls_newer_than_the_tables_do_not_exist(machine):
    for call in (463, 1000, 0x4000_0000 + 57, 0xFFFF_FFFF):
        assert verdict(machine, call) == ENOSYS


@every_machine
def test_another_architecture_is_killed(machine):
    assert verdict(machine, 20, architecture=I386) == KILL


@every_machine
def test_files_are_opened_for_reading_only(machine):
    openat = number(machine, "openat")
    read_close_on_exec, write, read_write, create, truncate, temporary = (
        0o2000000, 0o1, 0o2, 0o100, 0o1000, 0o20200000,
    )  # fmt: skip
    assert verdict(machine, openat, 0, 0, read_close_on_exec) == ALLOW
    for flags in (write, read_write, create, truncate, temporary):
        assert verdict(machine, openat, 0, 0, flags) == EACCES


@every_machine
def test_only_the_listed_commands_of_fcntl_ioctl_and_prctl_pass(machine):
    for name, position, listed, unlisted in (
        ("fcntl", 1, seccomp._FCNTL, (8, 10, 15, 1024)),
        ("ioctl", 1, seccomp._IOCTL, (0x5412, 0x8901, 0x4008_6602)),
        ("prctl", 0, seccomp._PRCTL, (1, 4, 22, 35)),
    ):
        before = [0] * position
        for command in listed:
            assert verdict(machine, number(machine, name), *before, command) == ALLOW
        for command in unlisted:
            assert verdict(machine, number(machine, name), *before, command) == EPERM


@every_machine
def test_a_limit_may_be_read_but_not_set(machine):
    prlimit = number(machine, "prlimit64")
    assert verdict(machine, prlimit, 0, 7, 0, 0x7F00_0000_1000) == ALLOW
    assert verdict(machine, prlimit, 0, 7, 0x7F00_0000_1000, 0) == EPERM
    assert verdict(machine, prlimit, 0, 7, 0x7F00_0000_0000, 0) == EPERM


@every_machine
def test_sending_to_an_address_is_refused(machine):
    sendto = number(machine, "sendto")
    assert verdict(machine, sendto, 3, 0x1000, 5, 0, 0, 0) == ALLOW
    assert verdict(machine, sendto, 3, 0x1000, 5, 0, 0x7F00_0000_0000, 16) == EPERM


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_the_numbers_are_those_of_the_kernel_headers(machine, header):
    if not Path(header).exists():
        pytest.skip(f"{header} is not installed")
    defined = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    theirs: dict[str, int] = {}
    for name, value in defined:
        theirs.setdefault(name, int(value))
    newest = max(theirs.values())
    for table in (seccomp._REFUSED, seccomp._ABSENT, seccomp._JUDGED):
        ours = seccomp.numbers(table, machine)
        known = {name: value for name, value in ours.items() if value <= newest}
        assert known == {name: theirs.get(name) for name in known}
        left_out = set(table.split()[::3]) - set(ours)
        assert not left_out & set(theirs)
