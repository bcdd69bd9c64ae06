"""``python -m tests.fidelity [WORD]``: play all scenarios, or those with WORD in their title, in
every place that is there; print the table, and write docs/fidelity.md when all were played to
their end and a real broker was there for some.

Ends with 1 when a difference is not listed, or one that is listed is none.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fidelity import places
from tests.fidelity.history import History, differences
from tests.fidelity.listed import rows
from tests.fidelity.scenario import BROKERS, HERE, Scenario, scenarios
from tests.fidelity.simulator import ActFailed, simulate

PAGE = HERE.parent.parent / "docs" / "fidelity.md"


@dataclass(frozen=True)
class Played:
    """A scenario's histories, None where it was not played, and what went wrong in a place."""

    scenario: Scenario
    simulator: History | None
    wire: History | None
    real: History | None
    failed: tuple[str, ...]

    def said(self, place: str) -> str:
        """The table's cell for a place: the real broker is what the others are compared with, and
        where there is none they are compared with each other."""
        history: History | None = getattr(self, place)
        if any(each.startswith(place) for each in self.failed):
            return "failed"
        if history is None:
            return "not there"
        other = self.real if self.real is not None else self.simulator
        return "agrees" if history == other else "differs"

    @property
    def complaints(self) -> list[str]:
        """What must be mended."""
        found = list(self.failed)
        differs = "differs" in (self.said("simulator"), self.said("wire"))
        listed = self.scenario.differs
        if listed and listed not in rows():
            found.append(f"no row of docs/differences.md begins with {listed!r}")
        if listed and not differs and self.real is not None:
            found.append("it is listed as a difference and agrees")
        if differs and not listed:
            base = self.real if self.real is not None else self.simulator
            for place in ("simulator", "wire"):
                history: History | None = getattr(self, place)
                if base is not None and history is not None:  # else it failed, as is said above
                    found += [f"{place}: {each}" for each in differences(base, history)]
        return found


def main(word: str = "") -> int:
    chosen = [each for each in scenarios() if word in each.title]
    reals = {broker: places.real(broker, looking=True) for broker in BROKERS}
    with places.minibroker() as wire, ThreadPoolExecutor(places.AT_ONCE) as pool:
        played = []
        for each in pool.map(lambda one: _played(one, wire, reals[one.broker]), chosen):
            print(_line(each), flush=True)
            for complaint in each.complaints:
                print(f"    {complaint}")
            played.append(each)
    complaints = sum(bool(each.complaints) for each in played)
    listed = sum(bool(each.scenario.differs) for each in played)
    print(f"{len(played)} scenarios, {listed} listed differences, {complaints} to mend")
    for broker, real in reals.items():
        print(f"{BROKERS[broker]}: {real.said}")
    failed = any(each.failed for each in played)
    if not word and not failed and any(each.real is not None for each in played):
        _write(PAGE, played, reals)
    return 1 if complaints else 0


def _played(scenario: Scenario, wire: dict[str, str], real: places.Real) -> Played:
    failed: list[str] = []

    def attempt(place: str, addresses: dict[str, str] | None) -> History | None:
        try:
            if addresses is not None:
                return places.play(scenario, place, addresses)
            return simulate(scenario)
        except ActFailed as why:
            failed.append(str(why))
            return None

    return Played(
        scenario,
        attempt("simulator", None),
        attempt("wire", wire),
        attempt("real", {scenario.broker: real.address}) if real.address is not None else None,
        tuple(failed),
    )


def _line(each: Played) -> str:
    cells = "  ".join(f"{each.said(place):9}" for place in ("simulator", "wire", "real"))
    return f"{cells}  {BROKERS[each.scenario.broker]}: {each.scenario.title}"


def _write(page: Path, played: list[Played], reals: dict[str, places.Real]) -> None:
    lines = [
        "# What the bundled brokers have in common with real ones",
        "",
        "`make fidelity` wrote this. Each scenario in `tests/fidelity/` is written once against",
        "the client's API and played in the simulator, over the wire on minibroker with the real",
        "client library, and on a real broker. What it shows (deliveries, offsets, errors,",
        "callbacks in their order) must be the same; what differs has its row in",
        "[differences.md](differences.md).",
        "",
    ]
    for broker, title in BROKERS.items():
        some = [each for each in played if each.scenario.broker == broker]
        if not some:
            continue
        lines += [f"## {title}", "", f"Compared with: {reals[broker].said}.", ""]
        lines += ["| scenario | simulator | wire | real |", "|---|---|---|---|"]
        for each in some:
            cells = " | ".join(each.said(place) for place in ("simulator", "wire", "real"))
            lines.append(f"| {each.scenario.title} | {cells} |")
        listed = [each for each in some if each.scenario.differs]
        if listed:
            lines += ["", "Listed differences:", ""]
            lines += [f'- {each.scenario.title}: "{each.scenario.differs}"' for each in listed]
        lines.append("")
    page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
