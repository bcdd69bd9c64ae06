"""Wheats and chaffs as files: how they are read, and what shape every one of them has.

That wheats pass and chaffs fail is proved in tests/content.
"""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from graders import content
from graders.cell import solution
from graders.content import Chaff, Wheat, chaffs, wheats
from graders.explore import explore
from graders.spec import Check, Role, Spec, load, names
from graders.stage import Stage
from minibroker.sim.inline import Inline


@pytest.fixture(autouse=True)
def proved(request: pytest.FixtureRequest) -> None:
    """What a spec's author has not shown yet is no news here; the reason stands in the output."""
    if "name" in request.fixturenames:
        name = request.getfixturevalue("name")
        if name in names() and (why := load(name).draft):
            pytest.skip(f"a draft: {why}")


ALL = [
    pytest.param(name, each, id=f"{name}-{each.name}")
    for name in names()
    for each in (*wheats(name), *chaffs(name))
]
CHAFFS = [
    pytest.param(name, each, id=f"{name}-{each.name}") for name in names() for each in chaffs(name)
]
WHEATS = [
    pytest.param(name, each, id=f"{name}-{each.name}") for name in names() for each in wheats(name)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exercise x without content."""
    monkeypatch.setattr(content, "FOLDER", tmp_path)
    for kind in ("wheats", "chaffs"):
        (tmp_path / "x" / kind).mkdir(parents=True)
    return tmp_path / "x"


def quiet(stage: Stage) -> None: ...


SPEC = Spec(
    "x",
    1,
    (Role("worker", {}),),
    quiet,
    (
        Check("kept", 1, ("lost_message",), "a"),
        Check("once", 1, ("duplicate_effect", "stuck"), "b"),
        Check("order", 1, ("reordered",), "c"),
    ),
)


# --- reading -----------------------------------------------------------------------------------


def test_an_exercise_without_content_has_none(folder: Path) -> None:
    assert (wheats("x"), chaffs("x")) == ([], [])


def test_content_is_read_in_the_order_of_its_names(folder: Path) -> None:
    for name in ("b", "a"):
        (folder / "wheats" / f"{name}.py").write_text(f"def {name}(): ...")
    (folder / "wheats" / "notes.txt").write_text("no code")
    assert wheats("x") == [Wheat("a", "def a(): ..."), Wheat("b", "def b(): ...")]


def test_a_chaff_s_header_names_its_anomalies(folder: Path) -> None:
    source = '"""What is wrong.\n\nanomaly: lost_message\nanomaly: stuck\n"""\n\nx = 1\n'
    (folder / "chaffs" / "wrong.py").write_text(source)
    assert chaffs("x") == [Chaff("wrong", source, ("lost_message", "stuck"))]


def chaff_of(folder: Path, *lines: str) -> Chaff:
    """The chaff whose header has these lines after its first sentence."""
    header = "\n".join(lines)
    (folder / "chaffs" / "wrong.py").write_text(f'"""What is wrong.\n\n{header}\n"""\n\nx = 1\n')
    [found] = chaffs("x")
    return found


def test_an_anomaly_may_be_named_with_the_checks_that_it_fails(folder: Path) -> None:
    found = chaff_of(folder, "anomaly: stuck in once", "anomaly: lost_message in kept, order, a_b")
    assert found.anomalies == ("stuck", "lost_message")
    assert found.checks == {"stuck": ("once",), "lost_message": ("kept", "order", "a_b")}


def test_a_header_may_say_why_reality_cannot_show_it(folder: Path) -> None:
    header = "Waits.\n\nanomaly: stuck\nreality: the client\ntries again\n"
    (folder / "chaffs" / "waits.py").write_text(f'"""{header}"""\n')
    (folder / "chaffs" / "wanders.py").write_text('"""It meets reality: no.\n\nanomaly: stuck"""\n')
    assert [each.reality for each in chaffs("x")] == ["the client tries again", ""]


def test_a_line_after_that_is_no_part_of_it(folder: Path) -> None:
    header = "Waits.\n\nreality: the client tries again\nanomaly: stuck\n"
    (folder / "chaffs" / "waits.py").write_text(f'"""{header}"""\n')
    [chaff] = chaffs("x")
    assert (chaff.reality, chaff.anomalies) == ("the client tries again", ("stuck",))


def test_an_anomaly_without_checks_is_named_beside_one_with(folder: Path) -> None:
    found = chaff_of(folder, "anomaly: stuck", "anomaly: lost_message in kept")
    assert found.anomalies == ("stuck", "lost_message")
    assert found.checks == {"lost_message": ("kept",)}


@pytest.mark.parametrize(
    "line",
    [
        "anomaly: stuck in",
        "anomaly: stuck in ",
        "anomaly: stuck in once,",
        "anomaly: stuck in once,kept",
        "anomaly: stuck in once kept",
        "anomaly: stuck on once",
        "anomaly: stuck, lost_message",
        "anomaly: stuck in charged-once",
        "anomaly: stuck and others",
        "anomaly:",
    ],
)
def test_a_line_that_cannot_be_read_is_refused(folder: Path, line: str) -> None:
    sentence = (
        "chaff wrong of x has a line 'anomaly:' that cannot be read; write 'anomaly: NAME' or "
        "'anomaly: NAME in CHECK, CHECK'"
    )
    for lines in ([line], ["anomaly: lost_message", line], [line, "anomaly: lost_message"]):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            chaff_of(folder, *lines)


def test_a_word_before_it_makes_no_line_of_it(folder: Path) -> None:
    with pytest.raises(ValueError, match="chaff wrong of x names no anomaly; add a line"):
        chaff_of(folder, "an anomaly: stuck")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1",
        '"""What is wrong."""',
        '"""What is wrong. anomaly: stuck"""',
        '"""What is wrong.\n\nAnomaly: stuck\n"""',
        "# anomaly: stuck\nx = 1",
        'x = """\nanomaly: stuck\n"""',
    ],
)
def test_a_chaff_whose_header_names_no_anomaly_is_refused(folder: Path, source: str) -> None:
    (folder / "chaffs" / "nameless.py").write_text(source)
    with pytest.raises(ValueError, match="chaff nameless of x names no anomaly; add a line"):
        chaffs("x")


@pytest.mark.parametrize(
    ("anomalies", "failed"),
    [
        (("lost_message",), {"kept"}),
        (("stuck",), {"once"}),
        (("duplicate_effect", "lost_message"), {"kept", "once"}),
        (("lost_mesage",), set()),
    ],
)
def test_the_checks_that_look_for_an_anomaly_must_fail(
    anomalies: tuple[str, ...], failed: set[str]
) -> None:
    assert Chaff("wrong", "", anomalies).failed_checks(SPEC) == failed


TWICE = replace(
    SPEC,
    checks=(
        Check("calm", 1, ("lost_message", "stuck"), "a", within="fault_free"),
        Check("kept", 1, ("lost_message",), "b"),
        Check("once", 1, ("duplicate_effect", "stuck"), "c"),
    ),
)


@pytest.mark.parametrize(
    ("checks", "failed"),
    [
        ({}, {"calm", "kept"}),
        ({"lost_message": ("kept",)}, {"kept"}),
        ({"lost_message": ("calm", "kept")}, {"calm", "kept"}),
        ({"lost_message": ("once",)}, set()),
        ({"lost_message": ("nothing",)}, set()),
        ({"stuck": ("once",)}, {"calm", "kept"}),
    ],
)
def test_of_the_checks_that_look_for_an_anomaly_those_that_are_named_must_fail(
    checks: dict[str, tuple[str, ...]], failed: set[str]
) -> None:
    assert Chaff("wrong", "", ("lost_message",), checks).failed_checks(TWICE) == failed


def test_each_anomaly_has_its_own_checks() -> None:
    checks = {"lost_message": ("kept",), "stuck": ("once",)}
    found = Chaff("wrong", "", ("lost_message", "stuck"), checks).failed_checks(TWICE)
    assert found == {"kept", "once"}
    del checks["stuck"]
    found = Chaff("wrong", "", ("lost_message", "stuck"), checks).failed_checks(TWICE)
    assert found == {"calm", "kept", "once"}


# --- every file that there is ------------------------------------------------------------------


@pytest.mark.parametrize(("name", "each"), ALL)
def test_a_file_says_what_it_is_about_and_is_the_solution_cell(
    name: str, each: Wheat | Chaff
) -> None:
    tree = ast.parse(each.source)
    header = ast.get_docstring(tree)
    assert header
    assert header.split("\n\n")[0].endswith("."), "its docstring begins with a sentence"
    assert solution(["import json", each.source, "check()"], load(name).entries) == each.source


@pytest.mark.parametrize(("name", "each"), ALL)
def test_a_file_is_no_longer_than_what_a_learner_writes(name: str, each: Wheat | Chaff) -> None:
    [header, *code] = ast.parse(each.source).body
    lines = each.source.splitlines()[header.end_lineno :]
    # For each function that works under faults; what is done before them is on top.
    spec = load(name)
    most = spec.lines * sum(not role.spared for role in spec.roles)
    assert 5 <= sum(bool(line.strip()) for line in lines) <= most
    assert code


@pytest.mark.parametrize(("name", "chaff"), CHAFFS)
def test_every_anomaly_that_a_chaff_names_is_looked_for_by_a_check(name: str, chaff: Chaff) -> None:
    looked_for = {anomaly for check in load(name).checks for anomaly in check.anomalies}
    assert set(chaff.anomalies) <= looked_for
    assert len(set(chaff.anomalies)) == len(chaff.anomalies)


@pytest.mark.parametrize(("name", "chaff"), CHAFFS)
def test_every_check_that_a_chaff_names_looks_for_what_must_fail_it(
    name: str, chaff: Chaff
) -> None:
    for anomaly, ids in chaff.checks.items():
        assert len(set(ids)) == len(ids)
        for check in ids:
            assert anomaly in load(name).check(check).anomalies


@pytest.mark.parametrize(("name", "wheat"), WHEATS)
def test_the_budget_is_enough_to_try_everything_on_a_wheat(name: str, wheat: Wheat) -> None:
    for seed in (0, 9):
        found = explore(load(name), Inline(wheat.source), seed)
        assert found.singles == len(found.single_faults) > 0


def test_no_two_files_of_an_exercise_are_alike() -> None:
    for name in names():
        shapes = [ast.dump(ast.Module(ast.parse(each.source).body[1:], []))
                  for each in (*wheats(name), *chaffs(name))]  # fmt: skip
        assert len(set(shapes)) == len(shapes)
