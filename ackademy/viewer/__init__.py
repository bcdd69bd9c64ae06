"""The timeline that can be stepped through: an anywidget beside the picture and the words.

`widget` makes it from `graders.steps.steps`. What a notebook keeps of it when the widget itself is
left out, and what a front end without widgets shows, is its `still` form. Nothing of widgets is
imported before one is asked for: a graded run and the command line never ask.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from minibroker.sim.values import Value

HERE = Path(__file__).parent


def widget(run: Mapping[str, Value], still: Mapping[str, str]) -> Any:
    """The widget for the steps of a run; None where anywidget is not installed. `still` is what
    stands in its place where there are no widgets, by MIME type."""
    try:
        kind = _kind()
    except ImportError:
        return None
    return kind(run=dict(run), still=dict(still))


@cache
def _kind() -> Any:
    import anywidget
    import traitlets

    class Viewer(anywidget.AnyWidget):
        _esm = HERE / "viewer.js"
        _css = HERE / "viewer.css"
        run = traitlets.Dict().tag(sync=True)

        def __init__(self, run: dict[str, Value], still: dict[str, str]) -> None:
            super().__init__(run=run)
            self.still = still

        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            shown = super()._repr_mimebundle_(**kwargs)
            if shown is None:
                return None
            data, metadata = shown
            return {**data, **self.still}, metadata

    return Viewer
