"""``make conformance``: run the suites and write docs/conformance.md. Exit 1 if a test fails or is
skipped for no reason that is known."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.conformance import amqp_clients, kafka_python, moto
from tests.conformance.suites import Outcome

REPORT = Path(__file__).parents[2] / "docs" / "conformance.md"

HEAD = """# Other projects' tests against our servers

Written by `make conformance`, which fetches each suite from its source package, runs it and keeps
nothing of it.
"""


def main() -> int:
    """Run everything."""
    parts: list[tuple[str, int]] = []
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = kafka_python.run(Path(scratch))
    parts.append(told(kafka_python.PACKAGE, outcomes, kafka_python.REASONS))
    for package in amqp_clients.TESTS:
        with tempfile.TemporaryDirectory() as scratch:
            Path(scratch).chmod(0o755)  # RabbitMQ runs as another user
            here, there = amqp_clients.run(package, Path(scratch))
        parts.append(told(package, here, amqp_clients.REASONS, there, "RabbitMQ"))
    with tempfile.TemporaryDirectory() as scratch:
        here, there = moto.run(Path(scratch))
    parts.append(told(moto.PACKAGE, here, moto.REASONS, there, "moto's server", moto.VERSION))
    text = "".join(part for part, _ in parts)
    REPORT.write_text(HEAD + text)
    print(text)
    return 1 if any(unexplained for _, unexplained in parts) else 0


def told(
    package: str,
    outcomes: list[Outcome],
    reasons: dict[str, str],
    theirs: list[Outcome] | None = None,
    whose: str = "",
    release: str = "",
) -> tuple[str, int]:
    """A suite's part of the report, and how many exceptions have no reason. `theirs` came of the
    same tests with `whose`; `release` is that of a package which is not installed here."""
    passed = {each.name for each in outcomes if each.result == "passed"}
    words = [f"{len(passed)} of {len(outcomes)} pass."]
    if theirs is not None:
        there = {each.name for each in theirs if each.result == "passed"}
        words.append(
            f"Of the {len(there)} that pass with {whose} in the same run, {len(there & passed)} do."
        )
    elif whose:
        words.append(f"There was no {whose} to compare with.")
    lines = ["", f"## {package} {release or version(package)}", "", " ".join(words)]
    if len(passed) < len(outcomes):
        lines += ["", "| Test | | Why |", "|---|---|---|"]
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
