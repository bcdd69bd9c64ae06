"""The pictures of the documentation, drawn from real runs."""

from collections.abc import Mapping
from pathlib import Path

from graders import explain
from graders.check import one_run
from graders.content import chaffs
from graders.spec import load
from minibroker.sim.faults import crash


def pictures() -> Mapping[str, str]:
    """Every picture by its path in the repository."""
    [careless] = [chaff for chaff in chaffs("start_here") if chaff.name == "no_key"]
    run, findings = one_run(load("start_here"), careless.source, (crash(5),))
    return {"docs/charged-twice.svg": explain.run_svg(run, findings) + "\n"}


def draw(root: Path) -> list[Path]:
    """Write all pictures; gives their paths."""
    written = []
    for path, svg in pictures().items():
        (root / path).write_text(svg, encoding="utf-8")
        written.append(root / path)
    return written
