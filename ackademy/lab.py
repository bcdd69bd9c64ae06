"""Open the course in JupyterLab, with what its kernels need in the environment."""

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ackademy.cells import CannotDo, course_root
from ackademy.start import names, start

CONFIG = Path(__file__).parent / "jupyter"
FIRST = "course/00_start_here.ipynb"


def open_lab(arguments: Sequence[str]) -> int:
    """Become ``jupyter lab``, on loopback, at the first lesson. Does not return when it can.

    Kernels inherit PYTHONHASHSEED=0, so that checks can run inline in them.
    """
    root = course_root()
    if importlib.util.find_spec("jupyterlab") is None:
        raise CannotDo(
            "JupyterLab is not installed here; run make lab in the course's folder, or "
            "pip install 'ackademy[lab]'"
        )
    _prepare(root)
    os.chdir(root)
    os.environ["PYTHONHASHSEED"] = "0"
    # JupyterLab asks whether it may look for news, whatever news_url says; this is the answer.
    paths = [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    # A terminal opened in the lab finds `ackademy`, since Jupyter's server puts its own environment
    # on the path; a login shell would set the path anew.
    shell = json.dumps({"shell_command": [os.environ.get("SHELL", "/bin/sh")]})
    command = [
        sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        f"--ServerApp.terminado_settings={shell}",
        # Nothing leaves the machine: no look for news, none for a newer JupyterLab.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", *arguments,
    ]  # fmt: skip
    os.execv(sys.executable, command)


def _prepare(root: Path) -> None:
    """Every exercise in answers/, where the lessons' links lead. What cannot be made ready keeps
    nobody from the lessons."""
    for name in names(root):
        try:
            if note := start(root, name).note:
                print(note)
        except CannotDo as error:
            print(f"ackademy: {error}", file=sys.stderr)
