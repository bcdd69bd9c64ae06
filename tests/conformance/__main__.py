"""``make conformance``: run the suites and write docs/conformance.md. Exit 1 if a test fails or is
skipped for no reason that is known."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.conformance import kafka_python
from tests.conformance.suites import Outcome

REPORT = Path(__file__).parents[2] / "docs" / "conformance.md"

HEAD = """# Other projects' tests against our servers

Written by `make conformance`, which fetches each suite from its source package, runs it and keeps
nothing of it.
"""


def main() -> int:
    """Run everything."""
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = kafka_python.run(Path(scratch))
    text, unexplained = told(kafka_python.PACKAGE, outcomes, kafka_python.REASONS)
    REPORT.write_text(HEAD + text)
    print(text)
    return 1 if unexplained else 0


def told(package: str, outcomes: list[Outcome], reasons: dict[str, str]) -> tuple[str, int]:
    """A suite's part of the report, and how many exceptions have no reason."""
    passed = sum(each.result == "passed" for each in outcomes)
    lines = [
        "",
        f"## {package} {version(package)}",
        "",
        f"{passed} of {len(outcomes)} pass.",
        "",
        "| Test | | Why |",
        "|---|---|---|",
    ]
    unexplained = 0
    for each in outcomes:
        if each.result == "passed":
            continue
        reason = reasons.get(each.name, "")
        if not reason and each.result == "skipped":
            reason = f"The suite says: {each.words}"
        if not reason:
            unexplained += 1
            reason = f"Not explained. It says: {each.words[:200]}"
        lines.append(f"| `{each.name}` | {each.result} | {reason} |")
    return "\n".join([*lines, ""]), unexplained


if __name__ == "__main__":
    sys.exit(main())
