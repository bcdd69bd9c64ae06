"""Brokers in the tests: nothing of the environment is taken over, and nothing is left."""

import pytest

from ackademy.brokers import session
from tests.ackademy.brokers.watching import NAMED, Watch


@pytest.fixture(autouse=True)
def watch(monkeypatch, tmp_path):
    """An environment that names no broker, and directories of our own; at the end, that there is
    nothing in them any more."""
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ACKADEMY_HOME", str(tmp_path / "home"))
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr("tempfile.tempdir", None)
    watch = Watch(directory)
    yield watch
    session.close()
    watch.nothing_is_left()
