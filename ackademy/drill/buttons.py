"""Buttons under a question in a notebook: one for each option, or one that has code checked."""

from collections.abc import Callable
from typing import Any

from ackademy.drill.steps import Choose, Mend, Question


def offer(question: Question, give: Callable[[object], None]) -> None:
    """Display the buttons of a question; a click hands `give` what was chosen, once, and what
    that prints and shows stands below. Without ipywidgets nothing is displayed."""
    match question:
        case Choose(options=options):
            chosen = {str(place): place for place in range(1, len(options) + 1)}
        case Mend():
            chosen = {"Check it": 0}
        case _:
            return  # a number is typed
    try:
        import ipywidgets as widgets
        from IPython.display import display
    except ImportError:
        return

    class Buttons(widgets.VBox):  # type: ignore[misc]
        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            shown = super()._repr_mimebundle_(**kwargs)
            # Where there are no widgets the question's own text says what to do.
            return shown | {"text/plain": ""} if isinstance(shown, dict) else shown

    row = [widgets.Button(description=words) for words in chosen]
    below = widgets.Output()

    def clicked(button: Any) -> None:
        for each in row:
            each.disabled = isinstance(question, Choose)
        button.button_style = "info"
        with below:
            give(chosen[button.description])

    for button in row:
        button.on_click(clicked)
    display(Buttons([widgets.HBox(row), below]))  # type: ignore[no-untyped-call]
