"""A picture with its text equivalent, in whatever front end there is.

Two outputs: the SVG, which JupyterLab and GitHub draw, and the same in words, folded. A front
end without pictures shows the words alone.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Pieces:
    """The two forms of one picture."""

    svg: str
    text: str


FITTED = "<style>.jp-RenderedSVG img{max-width:max(100%,700px);height:auto}</style>"
"""JupyterLab gives a picture its whole width, and lets a narrow notebook cut off its right edge,
where a timeline says what went wrong. So it is told to fit it in, down to what can be read."""


WIDE = 1_000
"""Pixels. A wider picture would be too small to read in a notebook's column, about 700 wide."""

SCROLLED = (
    "<style>.jp-RenderedSVG.jp-mod-unconfined{overflow-x:auto}"
    ".jp-RenderedSVG.jp-mod-unconfined img{max-width:none}</style>"
)
"""So a wide one keeps its size, and scrolls."""


def show(pieces: Pieces) -> None:
    """Display both forms."""
    wide = _width(pieces.svg) > WIDE
    words = (
        f"{FITTED}{SCROLLED if wide else ''}<details><summary>The same in words</summary><pre>"
        f"{html.escape(pieces.text)}</pre></details>"
    )
    # JupyterLab draws no picture of a notebook that it does not trust yet, so the words are there.
    _display(
        {"image/svg+xml": pieces.svg, "text/plain": pieces.text},
        {"image/svg+xml": {"unconfined": True}} if wide else {},
    )
    _display({"text/html": words, "text/plain": pieces.text}, {})


def display_one(shown: object) -> None:
    """Display an object in its own way."""
    from IPython.display import display

    display(shown)  # type: ignore[no-untyped-call]


def occasion(words: str) -> str:
    """What tells this picture from equal ones that this session has shown before: empty for the
    first, then ``2``, ``3``, so that no two pictures on one page share an id, and that cells run
    in their order give the same bytes every time."""
    _occasions[words] += 1
    return str(_occasions[words]) if _occasions[words] > 1 else ""


_occasions: Counter[str] = Counter()


def _display(data: dict[str, str], metadata: dict[str, dict[str, bool]]) -> None:
    from IPython.display import display

    display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def _width(svg: str) -> float:
    found = re.search(r' width="([0-9.]+)"', svg)
    return float(found[1]) if found else 0.0
