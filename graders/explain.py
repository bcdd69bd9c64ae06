"""A verdict for a person to read: one line, and for a bad one the schedule that shows why.

>>> from graders.verdict import Verdict
>>> held = "no order is charged twice: held in all 16 single crashes"
>>> text(Verdict("worker", "charged_once", "", "pass", 4, 4, held))
'✓ charged_once, 4 of 4 points: no order is charged twice: held in all 16 single crashes'
"""

from collections.abc import Sequence
from dataclasses import replace

from graders.judges import Finding
from graders.stage import Run
from graders.timeline import Timeline, build
from graders.timeline_svg import escaped, svg
from graders.timeline_text import text as timeline_text
from graders.timeline_words import plain
from graders.verdict import Outcome, Verdict
from minibroker.sim.world import Printed

SYMBOLS: dict[Outcome, str] = {"pass": "✓", "fail": "✗", "unknown": "?", "error": "!"}

MOST_LINES = 40
"""Lines shown of what the code printed: so many at most, half from the beginning."""

MOST_OF_A_LINE = 200
MOST_OF_A_SENTENCE = 2_000

PRINTED = "What your code printed in this schedule:"
REPLAY = "Run this schedule again:"


def line(verdict: Verdict) -> str:
    """The verdict in one line."""
    points = f"{verdict.points} of {verdict.most} points" if verdict.most else "optional"
    sentence = plain(verdict.sentence, MOST_OF_A_SENTENCE)
    return f"{SYMBOLS[verdict.outcome]} {verdict.check}, {points}: {sentence}"


def text(verdict: Verdict) -> str:
    """The verdict's line; for one that is no pass also the timeline of the run that shows it,
    what the code printed there, and how to run it again."""
    parts = [line(verdict)]
    if (run := _witness(verdict)) is not None:
        parts += _told(run, build(run, verdict.findings))
        if verdict.token:
            parts.append(f"{REPLAY} ackademy replay {verdict.token}")
    return "\n\n".join(parts)


def pictured_once(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same verdicts; of those that say the same of code that does not run, or shows nothing,
    only the first has its run: it fails all checks alike."""
    shown: set[str] = set()
    pictured = []
    for verdict in verdicts:
        if verdict.outcome in ("error", "unknown"):
            if verdict.sentence in shown:
                verdict = replace(verdict, witness=None)
            shown.add(verdict.sentence)
        pictured.append(verdict)
    return pictured


def html(verdict: Verdict) -> str:
    """The same as a piece of a page, with the timeline as a picture and, folded, in words. All
    that comes from the learner is escaped; it runs nothing and loads nothing."""
    parts = [f"<p>{escaped(line(verdict))}</p>"]
    if (run := _witness(verdict)) is not None:
        timeline = build(run, verdict.findings)
        picture = svg(timeline, of=f"{verdict.exercise}/{verdict.check}")
        parts += [
            f'<div style="overflow-x:auto">{picture}</div>',
            f"<details><summary>The same in words</summary>{_pre(timeline_text(timeline))}"
            "</details>",
        ]
        if lines := printed(run.printed):
            parts.append(f"<p>{PRINTED}</p>{_pre(chr(10).join(lines))}")
        if verdict.token:
            parts.append(f"<p>{REPLAY} <code>ackademy replay {escaped(verdict.token)}</code></p>")
    return f'<div class="ackademy-verdict">{"".join(parts)}</div>'


def run_text(run: Run, findings: Sequence[Finding] = ()) -> str:
    """The timeline of any run and what the code printed in it, ending in a line feed."""
    return "\n\n".join(_told(run, build(run, findings))) + "\n"


def run_svg(run: Run, findings: Sequence[Finding] = (), of: str = "") -> str:
    """The timeline of any run as a picture; `of` as in `graders.timeline_svg.svg`."""
    return svg(build(run, findings), of)


def printed(pieces: Sequence[Printed]) -> list[str]:
    """What processes printed, a line each with who printed it; the middle of much is cut out."""
    lines: list[tuple[str, str]] = []
    for who, said in _joined(pieces):
        lines += [(who, each) for each in said.removesuffix("\n").split("\n")]
    shown = [f"{who} | {plain(each, MOST_OF_A_LINE)}".rstrip() for who, each in lines]
    if len(shown) <= MOST_LINES:
        return shown
    half = MOST_LINES // 2
    cut = f"… {len(shown) - 2 * half} lines are left out here …"
    return [*shown[:half], cut, *shown[-half:]]


def _joined(pieces: Sequence[Printed]) -> list[tuple[str, str]]:
    """Pieces that one process printed one after another are one text: a line may have been
    printed in parts."""
    joined: list[tuple[str, str]] = []
    for piece in pieces:
        if joined and joined[-1][0] == piece.who:
            joined[-1] = piece.who, joined[-1][1] + piece.text
        else:
            joined.append((piece.who, piece.text))
    return joined


def _witness(verdict: Verdict) -> Run | None:
    return None if verdict.outcome == "pass" else verdict.witness


def _told(run: Run, timeline: Timeline) -> list[str]:
    parts = [timeline_text(timeline)]
    if lines := printed(run.printed):
        parts.append("\n".join([PRINTED, *(f"  {each}" for each in lines)]))
    return parts


def _pre(words: str) -> str:
    return f'<pre style="overflow-x:auto">{escaped(words)}</pre>'
