"""The one error of this package."""

from ackademy.cells import CannotDo


class NoBroker(CannotDo):
    """A broker cannot be had: one sentence that says why and what to do."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its own traceback by this name.
        return [f"NoBroker: {self}"]
