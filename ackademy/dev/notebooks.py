"""Run lessons and solutions and keep their outputs, the same bytes every time.

What a front end adds for itself (times, widget models with random ids) is left out, so the
committed file changes only when what a reader sees has changed.
"""

import os
from pathlib import Path
from typing import Any

WIDGET = "application/vnd.jupyter.widget-view+json"


def run_notebook(path: Path) -> None:
    """Run all cells of a notebook in a fresh kernel and write it back with its outputs.

    Raises nbclient's `CellExecutionError` for a cell that raises.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook: Any = nbformat.read(path, as_version=4)
    os.environ["PYTHONHASHSEED"] = "0"  # the kernel's
    os.environ["ACKADEMY_PROGRESS"] = "off"  # the author has learnt nothing by it
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    _tidy(notebook)
    nbformat.write(notebook, path)


def _tidy(notebook: Any) -> None:
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"].pop(WIDGET, None)
