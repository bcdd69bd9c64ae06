"""Rulesets by ABI, made but not applied, and the paths an interpreter needs."""

import os
import sysconfig
from pathlib import Path

import pytest

from graders.sandbox import landlock

needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="the kernel has no Landlock")


@needs_landlock
@pytest.mark.parametrize("abi", range(1, min(landlock.abi(), 7) + 1))
def test_a_ruleset_of_every_abi_up_to_the_kernels_is_accepted(abi, tmp_path):
    ruleset = landlock.Ruleset([tmp_path, Path(os.devnull)], abi)
    assert ruleset.abi == abi
    ruleset.close()


def test_the_rights_handled_grow_with_the_abi():
    files = 0x1FFF
    assert landlock.handled(1) == (files, 0, 0)
    assert landlock.handled(2) == (files | 0x2000, 0, 0)
    assert landlock.handled(3) == (files | 0x6000, 0, 0)
    assert landlock.handled(4) == (files | 0x6000, 3, 0)
    assert landlock.handled(5) == (files | 0xE000, 3, 0)
    assert landlock.handled(6) == (files | 0xE000, 3, 3)
    assert landlock.handled(7) == (files | 0xE000, 3, 3)


@needs_landlock
def test_a_later_abi_is_taken_for_the_newest_one_known(tmp_path):
    if landlock.abi() < landlock.NEWEST_ABI:
        pytest.skip("this kernel would refuse the newest rights")
    ruleset = landlock.Ruleset([tmp_path], 99)
    assert ruleset.abi == landlock.NEWEST_ABI
    ruleset.close()


@needs_landlock
def test_a_path_that_cannot_be_opened_leaves_no_descriptor_behind(tmp_path):
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        landlock.Ruleset([tmp_path / "nowhere"], landlock.abi())
    assert os.listdir("/proc/self/fd") == before


def test_the_interpreters_paths_hold_its_library_but_no_packages():
    paths = landlock.interpreter_paths()
    library = Path(sysconfig.get_path("stdlib")).resolve()
    for inside in ("ast.py", "json/__init__.py", "lib-dynload"):
        if (library / inside).exists():
            assert any((library / inside).is_relative_to(path) for path in paths), inside
    packages = library / "site-packages"
    assert not any(packages.is_relative_to(path) for path in paths)
    assert not any(path.is_relative_to(packages) for path in paths)
    assert not any(one in other.parents for one in paths for other in paths)


@needs_landlock
def test_where_the_c_library_lies_above_the_library_only_shared_libraries_are_given(
    tmp_path, monkeypatch
):
    library = tmp_path / "python3"
    for path in ("python3/ast.py", "python3/site-packages/secret.py", "libssl.so.3", "notes.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(library))
    monkeypatch.setattr(landlock, "_c_library_directories", lambda: {tmp_path})
    found = [path for path in landlock.interpreter_paths() if path.is_relative_to(tmp_path)]
    assert found == [tmp_path / "libssl.so.3", library / "ast.py"]
