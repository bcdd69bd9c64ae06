"""The content proves itself: what must pass passes, what must not is caught for what it names."""

import json
from pathlib import Path

import pytest

from graders import content
from graders.cell import solution
from graders.content import Chaff, Wheat, chaffs, looked_for, wheats
from graders.explore import Exploration, explore
from graders.spec import load, names
from graders.token import fingerprint
from graders.verdict import Verdict, verdicts
from minibroker.sim.inline import Inline

ROOT = Path(__file__).parents[2]

LARGE = 20_000
"""Effects that one exploration may cost, from which on it is large."""


def seeds(name: str) -> range:
    """Five, or two where an exploration is large: `ackademy dev flake` takes fifty."""
    budget = load(name).budget
    return range(2 if budget.pairs or budget.together >= LARGE else 5)


def explored(name: str, source: str, seed: int) -> Exploration:
    return explore(load(name), Inline(source), seed)


def judged(name: str, source: str, seed: int) -> list[Verdict]:
    return verdicts(load(name), explored(name, source, seed), fingerprint(source))


def wheat_0(name: str) -> list[Wheat]:
    path = ROOT / "solutions" / name / f"{name}.ipynb"
    if not path.exists():
        return []
    cells = json.loads(path.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [Wheat("wheat 0", solution(sources, load(name).entries))]


WHEATS = [(name, wheat) for name in names() for wheat in (*wheat_0(name), *wheats(name))]
CHAFFS = [(name, chaff) for name in names() for chaff in chaffs(name)]


@pytest.fixture(autouse=True)
def proved(request):
    """What a spec's author has not shown yet is no news here; the reason stands in the output."""
    if "name" in request.fixturenames and (why := load(request.getfixturevalue("name")).draft):
        pytest.skip(f"a draft: {why}")


@pytest.mark.parametrize(("name", "wheat"), WHEATS, ids=lambda each: getattr(each, "name", each))
def test_a_wheat_gets_all_points_for_every_seed(name, wheat):
    for seed in seeds(name):
        assert [(v.check, v.outcome) for v in judged(name, wheat.source, seed)] == [
            (check.id, "pass") for check in load(name).checks
        ], f"seed {seed}"


@pytest.mark.parametrize(("name", "chaff"), CHAFFS, ids=lambda each: getattr(each, "name", each))
def test_a_chaff_fails_its_checks_by_its_anomalies_and_no_other_for_every_seed(name, chaff):
    spec = load(name)
    failed = chaff.failed_checks(spec)
    assert failed
    for seed in seeds(name):
        exploration = explored(name, chaff.source, seed)
        outcomes = {v.check: v.outcome for v in verdicts(spec, exploration, "")}
        assert outcomes == {
            check.id: "fail" if check.id in failed else "pass" for check in spec.checks
        }, f"seed {seed}"
        assert looked_for(exploration) == set(chaff.anomalies), f"seed {seed}"


@pytest.mark.parametrize("name", names())
def test_every_check_is_failed_by_some_chaff(name):
    spec = load(name)
    failed = set().union(*(chaff.failed_checks(spec) for chaff in chaffs(name)))
    assert failed == {check.id for check in spec.checks}


@pytest.mark.parametrize("name", names())
def test_a_chaff_that_passes_would_be_noticed(name):
    """The comparison above can fail: a wheat under a chaff's header does not pass for one."""
    impostor = Chaff("impostor", wheats(name)[0].source, chaffs(name)[0].anomalies)
    outcomes = {v.check: v.outcome for v in judged(name, impostor.source, 0)}
    assert all(outcomes[check] == "pass" for check in impostor.failed_checks(load(name)))


def test_an_exercise_has_enough_of_both():
    assert len([w for n, w in WHEATS if n == "at_least_once_worker"]) >= 3
    assert len([c for n, c in CHAFFS if n == "at_least_once_worker"]) >= 5


def test_a_chaff_without_an_anomaly_in_its_header_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "x" / "chaffs"
    folder.mkdir(parents=True)
    (folder / "nameless.py").write_text('"""Wrong, but how?"""\n')
    monkeypatch.setattr(content, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="chaff nameless of x names no anomaly; add a line"):
        chaffs("x")
