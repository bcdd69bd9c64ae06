"""Open the course in JupyterLab, with what its kernels need in the environment."""

import importlib.util
import os
import sys
from collections.abc import Sequence

from ackademy.cells import CannotDo, course_root

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
    os.chdir(root)
    os.environ["PYTHONHASHSEED"] = "0"
    # A terminal opened in the lab finds `ackademy`, whether or not the environment is active.
    programs = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    command = [
        sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        # Nothing leaves the machine: no look for news, none for a newer JupyterLab.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", *arguments,
    ]  # fmt: skip
    os.execv(sys.executable, command)
