"""The prediction control: pick an answer, then see whether it was right and why."""

from collections.abc import Sequence
from typing import Any


def prediction(question: str, options: Sequence[object], answer: object, why: str) -> Any:
    """A row of buttons under the question; plain text where there are no widgets."""
    if answer not in options:
        raise ValueError(f"the answer {answer!r} is not among the options")
    try:
        import ipywidgets as widgets
    except ImportError:
        print(question, *(f"  ( ) {option}" for option in options), sep="\n")
        return None

    buttons = [widgets.Button(description=str(option)) for option in options]
    verdict = widgets.HTML()

    def chosen(button: Any) -> None:
        right = button is buttons[list(options).index(answer)]
        for each in buttons:
            each.button_style = ""
        button.button_style = "success" if right else "warning"
        verdict.value = (
            f"{'Yes' if right else 'No'}. {why}" if why else ("Yes." if right else "No.")
        )

    for button in buttons:
        button.on_click(chosen)
    row: list[Any] = [widgets.HTML(f"<b>Predict.</b> {question}"), widgets.HBox(buttons), verdict]
    return widgets.VBox(row)
