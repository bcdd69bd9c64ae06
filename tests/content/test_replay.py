"""The same token gives the same trace, byte for byte, in two processes and in both transports."""

import subprocess
import sys

import pytest

from graders.check import check_source
from graders.content import chaffs, wheats
from graders.explore import launcher, run
from graders.sandbox.transport import children
from graders.spec import load
from graders.token import token
from minibroker.sim.faults import crash
from minibroker.sim.inline import Inline

NAME = "at_least_once_worker"
SPEC = load(NAME)
SOURCES = {each.name: each.source for each in (*wheats(NAME), *chaffs(NAME))}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("plan", [(), (crash(5),), (crash(9),)], ids=["none", "5", "9"])
def test_both_transports_leave_the_same_trace(name, plan):
    traces = [
        run(SPEC, launcher(SPEC, transport, 3), plan, 3).trace.text()
        for transport in (Inline(SOURCES[name]), children(SOURCES[name]))
    ]
    assert traces[0] == traces[1]


@pytest.mark.parametrize("name", SOURCES)
def test_both_transports_give_the_same_verdicts(name):
    inline, child = (check_source(SPEC, SOURCES[name], graded=graded) for graded in (False, True))
    assert [(v.check, v.outcome, v.sentence, v.token) for v in inline] == [
        (v.check, v.outcome, v.sentence, v.token) for v in child
    ]


def replay(word: str, path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ackademy", "replay", word, "--file", str(path), *more],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def failing(tmp_path):
    """A failing solution in a file, and the token of the schedule that shows it."""
    path = tmp_path / "worker.py"
    path.write_text(SOURCES["remembers_in_a_set"])
    [word] = {v.token for v in check_source(SPEC, path.read_text()) if v.token}
    return path, word


def test_a_token_is_replayed_alike_in_other_processes(failing):
    path, word = failing
    ways = [replay(word, path, "--trace"), replay(word, path, "--trace", "--child")]
    witness = next(v.witness for v in check_source(SPEC, path.read_text()) if v.witness)
    assert [way.returncode for way in ways] == [1, 1], ways
    assert {way.stdout for way in ways} == {witness.trace.text()}


def test_a_replay_shows_the_timeline(failing):
    path, word = failing
    shown = replay(word, path)
    assert "✗ crash" in shown.stdout
    assert "charged again" in shown.stdout


def test_a_token_for_other_code_is_refused(failing):
    path, word = failing
    path.write_text(path.read_text().replace("prefetch_count=1", "prefetch_count=2") + "\nx = 1\n")
    refused = replay(word, path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "the token was made for other code" in refused.stderr


def test_a_token_for_another_version_is_refused(failing):
    path, word = failing
    other = word.replace(f"{NAME}/{SPEC.version}@", f"{NAME}/{SPEC.version + 1}@")
    assert token(other).version == SPEC.version + 1
    assert f"this is version {SPEC.version}" in replay(other, path).stderr


def test_a_word_that_is_no_token_is_refused(failing):
    assert "is no replay token" in replay("nonsense", failing[0]).stderr
