"""What is made, refused and said in the zygote, before there is a child to confine."""

import os
import sys

import pytest

from graders.sandbox import confine, landlock, seccomp
from graders.sandbox.confine import Confinement, ConfinementError, prepare
from graders.sandbox.limits import mapped

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what other systems lack is said there at every prepare"
)


def prepared() -> Confinement:
    """With memory enough for this process, which is no zygote: what other tests have mapped in it,
    such as the stacks of their threads, may be more than a child is given."""
    return prepare([], memory=mapped() + (1 << 30))


def test_the_zygote_itself_is_not_confined():
    confinement = prepared()
    with pytest.raises(ConfinementError, match="fork first"):
        confinement.apply(3)
    confinement.close()


def test_a_readable_path_must_exist_and_memory_must_exceed_what_is_mapped(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        prepare([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="mapped"):
        prepare([], memory=1 << 20)


def test_nothing_is_missing_where_all_layers_are():
    confinement = prepared()
    if confinement.ruleset and confinement.filter:
        assert confinement.missing == ()
        assert f"Landlock (ABI {confinement.ruleset.abi})" in confinement.layers
        assert f"seccomp ({os.uname().machine})" in confinement.layers
    confinement.close()


def test_a_kernel_without_landlock_is_said_to_let_files_be_read(monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    confinement = prepared()
    sentence, *_ = confinement.missing
    assert sentence.startswith("Landlock is missing")
    assert not any(layer.startswith("Landlock") for layer in confinement.layers)
    confinement.close()


def test_a_machine_without_a_table_is_said_to_let_threads_and_the_network_be_used(monkeypatch):
    monkeypatch.setattr(seccomp, "machine", lambda: None)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    confinement = prepared()
    files, calls = confinement.missing
    assert "read and write every file" in files
    assert "use the network" in calls
    assert "signal the processes" in calls
    assert ("start threads, start processes" in calls) == (os.geteuid() == 0)
    confinement.close()


def test_another_system_is_said_to_have_limits_and_closed_descriptors_only(monkeypatch):
    monkeypatch.setattr(confine, "_LINUX", False)
    confinement = Confinement(prepared().limits, None, None)
    assert confinement.layers == (
        "cleared environment",
        "own session",
        "closed descriptors",
        "resource limits",
    )
    assert len(confinement.missing) == 3
    confinement.close()
