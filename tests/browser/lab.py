"""A learner's course in a folder of the test's own, and JupyterLab on it, as `ackademy lab` opens
it."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

CONTENT = ("course", "exercises", "solutions", "nbgrader_config.py")


def new_course(root: Path) -> Path:
    """All that a clone of the course has beside its three packages; gives the folder."""
    for name in CONTENT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    return root


def environment(home: Path) -> dict[str, str]:
    """The environment of a learner to whom nothing on this machine belongs yet."""
    own = {
        "HOME": home,
        "ACKADEMY_HOME": home / "ackademy",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "PYTHONPATH": ROOT,
        # The grading that nbgrader starts finds the environment's own commands.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "ACKADEMY"))
    }
    return inherited | {name: str(value) for name, value in own.items()}


class Lab:
    """A running server. It says nothing before it is closed, then its log is in `home`."""

    def __init__(self, course: Path, home: Path) -> None:
        self.course = course
        self.token = secrets.token_hex(16)
        self.log = home / "lab.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "ackademy", "lab", "--no-browser", "--allow-root",
                    "--ServerApp.port=0", f"--IdentityProvider.token={self.token}",
                    # So that a test can ask which element on the page is which cell.
                    "--LabApp.expose_app_in_browser=True",
                ],
                cwd=course,
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            self.url = self._ready(home / "runtime" / f"jpserver-{self.process.pid}.json")
        except BaseException:
            self.close()
            raise

    def _ready(self, about: Path) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            if about.exists() and (text := about.read_text()):
                return f"http://127.0.0.1:{json.loads(text)['port']}"
            time.sleep(0.05)  # polling for a file that another process writes
        raise AssertionError("the server did not start within a minute")

    def address(self, path: str) -> str:
        """Where a notebook of the course is, for somebody who has the token."""
        return f"{self.url}/lab/tree/{path}?token={self.token}"

    def close(self) -> None:
        """End the server, which ends its kernels."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
