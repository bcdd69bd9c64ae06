"""A picture with its text equivalent, in whatever front end there is.

Two outputs: the SVG, which JupyterLab and GitHub draw, and the same in words, folded. A front
end without pictures shows the words alone.
"""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Pieces:
    """The two forms of one picture."""

    svg: str
    text: str


FITTED = "<style>.jp-RenderedSVG img{max-width:max(100%,700px);height:auto}</style>"
"""JupyterLab gives a picture its whole width, and lets a narrow notebook cut off its right edge,
where a timeline says what went wrong. So it is told to fit it in, down to what can be read."""


def show(pieces: Pieces) -> None:
    """Display both forms."""
    from IPython.display import display

    words = (
        f"{FITTED}<details><summary>The same in words</summary><pre>"
        f"{html.escape(pieces.text)}</pre></details>"
    )
    # JupyterLab draws no picture of a notebook that it does not trust yet, so the words are there.
    display({"image/svg+xml": pieces.svg, "text/plain": pieces.text}, raw=True)  # type: ignore[no-untyped-call]
    display({"text/html": words, "text/plain": pieces.text}, raw=True)  # type: ignore[no-untyped-call]
