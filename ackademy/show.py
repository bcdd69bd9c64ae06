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

    @property
    def bundle(self) -> dict[str, str]:
        """Both by their MIME types."""
        return {"image/svg+xml": self.svg, "text/plain": self.text}


FITTED = (
    "<style>.jp-RenderedSVG img{max-width:max(100%,700px);height:auto}"
    ".jp-OutputArea-output pre{word-break:normal;overflow-wrap:anywhere}</style>"
)
"""JupyterLab gives a picture its whole width, and lets a narrow notebook cut off its right edge,
where a timeline says what went wrong. So it is told to fit it in, down to what can be read. And it
breaks printed lines in the middle of words, where it can do so between them."""


WIDE = 1_000
"""Pixels. A wider picture would be too small to read in a notebook's column, about 700 wide."""

READABLE = 0.75
"""So a wide one is never shrunk to less of its size than this, and scrolls."""


def show(pieces: Pieces) -> None:
    """Display both forms."""
    from IPython.display import display

    words = (
        f"{FITTED}{_scrolled(pieces.svg)}<details><summary>The same in words</summary><pre>"
        f"{html.escape(pieces.text)}</pre></details>"
    )
    # JupyterLab draws no picture of a notebook that it does not trust yet, so the words are there.
    display(pieces.bundle, raw=True)  # type: ignore[no-untyped-call]
    display({"text/html": words, "text/plain": pieces.text}, raw=True)  # type: ignore[no-untyped-call]


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


def _scrolled(svg: str) -> str:
    """The rule for one wide picture. JupyterLab shows a picture as an image whose address is the
    picture itself, so the picture's id tells it from others."""
    found = re.search(r' width="([0-9.]+)".* aria-labelledby="([a-z0-9]+)"', svg)
    if found is None or float(found[1]) <= WIDE:
        return ""
    least, most = round(READABLE * float(found[1])), round(float(found[1]))
    return (
        "<style>.jp-RenderedSVG{overflow-x:auto}.jp-RenderedSVG "
        f'img[src*="{found[2]}"]{{width:min({most}px,max(100%,{least}px));max-width:none}}</style>'
    )
