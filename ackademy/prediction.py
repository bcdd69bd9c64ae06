"""The prediction control: pick an answer, then see whether it was right and why."""

import html
from collections.abc import Sequence
from typing import Any


def prediction(question: str, options: Sequence[object], answer: object, why: str) -> Any:
    """A row of buttons under the question; without a browser, or without ipywidgets, its words."""
    if answer not in options:
        raise ValueError(f"the answer {answer!r} is not among the options; add it to them")
    words = "\n".join([f"Predict. {question}", *(f"  ( ) {option}" for option in options)])
    try:
        import ipywidgets as widgets
    except ImportError:
        print(words)
        return None

    class Prediction(widgets.VBox):  # type: ignore[misc]
        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            shown = super()._repr_mimebundle_(**kwargs)
            return shown | {"text/plain": words} if isinstance(shown, dict) else shown

    wide = widgets.Layout(width="auto")  # an answer is longer than a button usually is
    buttons = [widgets.Button(description=str(option), layout=wide) for option in options]
    said = widgets.HTML()

    def chosen(button: Any) -> None:
        right = button is buttons[list(options).index(answer)]
        for each in buttons:
            each.button_style = ""
        button.button_style = "success" if right else "warning"
        said.value = html.escape(f"{'Yes' if right else 'No'}. {why}".strip())

    for button in buttons:
        button.on_click(chosen)
    asked = widgets.HTML(f"<b>Predict.</b> {html.escape(question)}")
    return Prediction([asked, widgets.HBox(buttons), said])
