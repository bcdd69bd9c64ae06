"""Run lessons and solutions and keep their outputs, the same bytes every time.

What a front end adds for itself (times, widget models with random ids) is left out, and what was
printed in one go is one output, however the kernel cut it up on its way, so the committed file
changes only when what a reader sees has changed.
"""

import os
from pathlib import Path
from typing import Any

WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS = 120


class DoesNotRun(Exception):
    """A notebook cannot be run to its end; the sentence says which cell ends it, and how."""


def run_notebook(path: Path) -> None:
    """Run all cells of a notebook in a fresh kernel and write it back with its outputs.

    Raises `DoesNotRun` for a cell that raises, and then changes nothing.
    """
    import nbformat

    nbformat.write(fresh(path), path)


def fresh(path: Path) -> Any:
    """The notebook (an nbformat ``NotebookNode``) as a fresh kernel leaves it; nothing is written.

    Raises `DoesNotRun` for a cell that raises and is not tagged ``raises-exception``.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook: Any = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None  # an old error is none of this run
    os.environ["PYTHONHASHSEED"] = "0"  # the kernel's
    os.environ["ACKADEMY_PROGRESS"] = "off"  # the author has learnt nothing by it
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        [*_, last] = [cell for cell in notebook.cells if errors_of(cell)]
        raise DoesNotRun(
            f"the cell {last.id} raises {error.ename}: {error.evalue}; mend it, or tag it "
            "raises-exception if it is meant to"
        ) from None
    except CellTimeoutError:
        raise DoesNotRun(f"a cell takes longer than {SECONDS} s; make it shorter") from None
    except DeadKernelError:
        raise DoesNotRun("its kernel dies; run it in JupyterLab to see where") from None
    _tidy(notebook)
    return notebook


def errors_of(cell: Any) -> list[Any]:
    """The outputs of a cell that are exceptions."""
    return [each for each in cell.get("outputs", ()) if each["output_type"] == "error"]


def joined(outputs: list[Any]) -> list[Any]:
    """Outputs in which no stream follows itself: a busy kernel sends what it prints in pieces."""
    found: list[Any] = []
    for output in outputs:
        before = found[-1] if found else {}
        name = output.get("name")
        if output["output_type"] == "stream" and before.get("name") == name:
            before["text"] += output["text"]
        else:
            found.append(output)
    return found


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
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"].pop(WIDGET, None)
