"""The timeline that can be stepped through: an anywidget beside the picture and the words.

`widget` makes it from `graders.steps.steps`. What a notebook saves of it, when the widget itself is
left out, is the picture and the words, so a page without widgets shows those. Nothing here is
imported before it is asked for: a graded run and the command line never are.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ackademy.show import Pieces
from minibroker.sim.values import Value

HERE = Path(__file__).parent


def widget(run: Mapping[str, Value], pieces: Pieces) -> Any:
    """The widget for the steps of a run; None where anywidget is not installed."""
    try:
        kind = _kind()
    except ImportError:
        return None
    return kind(run=dict(run), pieces=pieces)


@cache
def _kind() -> Any:
    import anywidget
    import traitlets

    class Viewer(anywidget.AnyWidget):
        _esm = HERE / "viewer.js"
        _css = HERE / "viewer.css"
        run = traitlets.Dict().tag(sync=True)

        def __init__(self, run: dict[str, Value], pieces: Pieces) -> None:
            super().__init__(run=run)
            self.pieces = pieces

        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            shown = super()._repr_mimebundle_(**kwargs)
            if shown is None:
                return None
            data, metadata = shown
            still = {"image/svg+xml": self.pieces.svg, "text/plain": self.pieces.text}
            return {**data, **still}, metadata

    return Viewer
