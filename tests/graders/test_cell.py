"""Finding the solution cell: by parsing, the last one that binds all names."""

import ast

import pytest

from graders.cell import NoSolution, names_bound, solution
from minibroker.sim.ticks import DoesNotParse

WORKER = "def worker(channel):\n    pass"
OTHER = "def worker(channel, payments):\n    return 1"
TEXT = "print('worker')"


def test_the_cell_that_binds_the_name_is_the_solution() -> None:
    assert solution(["import json", WORKER, "x = 1"], ["worker"]) == WORKER


def test_the_last_one_counts() -> None:
    assert solution([WORKER, OTHER, "x = 1"], ["worker"]) == OTHER


def test_a_cell_that_only_names_it_is_none() -> None:
    cells = [WORKER, TEXT, "worker", "worker(1)", "# def worker(): the solution"]
    assert solution(cells, ["worker"]) == WORKER


def test_one_cell_has_to_bind_all_names() -> None:
    both = "def client(): ...\ndef server(): ..."
    assert solution([both, "def client(): ..."], ["client", "server"]) == both


@pytest.mark.parametrize("cells", [[], [""], ["import json", TEXT], ["def work(): ..."]])
def test_without_such_a_cell_the_learner_is_told_what_to_do(cells: list[str]) -> None:
    with pytest.raises(
        NoSolution, match=r"^no cell defines worker; write the function in one cell"
    ):
        solution(cells, ["worker"])


def test_names_in_two_cells_are_no_solution() -> None:
    with pytest.raises(NoSolution, match="no cell defines client and server"):
        solution(["def client(): ...", "def server(): ..."], ["client", "server"])


@pytest.mark.parametrize(
    "broken",
    [
        "def worker(channel)\n    pass",
        "%time\ndef worker(channel):\n    pass",
        "def worker(channel):\n    return (",
        "worker = lambda channel:",
        "async def worker(channel:\n    pass",
    ],
)
def test_a_cell_that_would_be_it_if_it_parsed_is_what_is_spoken_about(broken: str) -> None:
    for cells in ([broken], [broken, TEXT], ["x = 1", broken]):
        with pytest.raises(DoesNotParse, match=r"^line 1 |^line 2 "):
            solution(cells, ["worker"])


def test_a_later_cell_that_parses_makes_up_for_a_broken_one() -> None:
    assert solution(["def worker(:", WORKER], ["worker"]) == WORKER


@pytest.mark.parametrize("broken", ["worker(", "!echo worker", "%run worker.py", "x = worker +"])
def test_a_broken_cell_that_only_names_it_is_passed_over(broken: str) -> None:
    assert solution([WORKER, broken], ["worker"]) == WORKER
    with pytest.raises(NoSolution):
        solution([broken], ["worker"])


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("def a(): ...", {"a"}),
        ("async def a(): ...", {"a"}),
        ("@decorated\ndef a(): ...", {"a"}),
        ("class A: ...", {"A"}),
        ("a = b = 1", {"a", "b"}),
        ("a, (b, *c) = x", {"a", "b", "c"}),
        ("a: int = 1", {"a"}),
        ("a: int", set()),
        ("import a, b.c, d as e", {"a", "b", "e"}),
        ("from a import b, c as d", {"b", "d"}),
        ("def a():\n    b = 1\n    def c(): ...", {"a"}),
        ("class A:\n    def a(self): ...", {"A"}),
        ("a()\nb", set()),
    ],
)
def test_what_a_cell_binds_at_its_top(source: str, bound: set[str]) -> None:
    assert names_bound(ast.parse(source)) == bound


@pytest.mark.parametrize(
    "source", ["waiting[worker] = 1", "worker.queue = 1", "found[worker], x = 1, 2"]
)
def test_writing_into_something_binds_no_name(source: str) -> None:
    assert "worker" not in names_bound(ast.parse(source))
    assert solution([WORKER, source], ["worker"]) == WORKER
