"""`ackademy lab` serves the course: fetched and run as a browser would, over its own API."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest
import websocket

from ackademy import lab as lab_module
from tests.ackademy.course import NAME, ROOT, new_course

LESSON = "course/00_start_here.ipynb"


class Lab:
    """A running server, and the few requests that a front end makes."""

    def __init__(self, runtime: Path, course: Path) -> None:
        self.course = course
        self.token = secrets.token_hex(16)
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "ackademy", "lab", "--no-browser", "--allow-root",
                "--ServerApp.port=0", f"--IdentityProvider.token={self.token}",
            ],
            cwd=course,
            env=os.environ | {"JUPYTER_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.url = self._ready(runtime / f"jpserver-{self.process.pid}.json")

    def _ready(self, about: Path) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server ended while it started"
            if about.exists() and (text := about.read_text()):
                url = f"http://127.0.0.1:{json.loads(text)['port']}"
                if self._answers(url):
                    return url
            time.sleep(0.05)  # polling for what another process writes and then opens
        raise AssertionError("the server did not start within a minute")

    def _answers(self, url: str) -> bool:
        """Whether the server takes requests: it writes its file before it does."""
        try:
            urllib.request.urlopen(f"{url}/api", timeout=30).close()
        except urllib.error.HTTPError:
            return True
        except urllib.error.URLError:
            return False
        return True

    def get(self, path: str, data: bytes | None = None) -> bytes:
        request = urllib.request.Request(
            f"{self.url}/{path}", data, {"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Kernel:
    """A kernel of the server, and one cell after the other."""

    def __init__(self, lab: Lab, path: str) -> None:
        started = json.loads(lab.get("api/kernels", json.dumps({"path": path}).encode()))
        self.id = started["id"]
        url = f"{lab.url.replace('http', 'ws')}/api/kernels/{self.id}/channels"
        self.socket = websocket.create_connection(
            f"{url}?token={lab.token}", timeout=60, header=[f"Authorization: token {lab.token}"]
        )

    def run(self, source: str) -> list[dict]:
        """What the cell put out, as the kernel's messages."""
        number = uuid.uuid4().hex
        header = {
            "msg_id": number, "msg_type": "execute_request", "username": "", "session": number,
            "version": "5.3", "date": "2026-01-05T09:00:00Z",
        }  # fmt: skip
        content = {
            "code": source, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        self.socket.send(
            json.dumps(
                {
                    "header": header, "parent_header": {}, "metadata": {}, "content": content,
                    "channel": "shell", "buffers": [],
                }
            )
        )  # fmt: skip
        outputs = []
        while True:
            message = json.loads(self.socket.recv())
            if message["parent_header"].get("msg_id") != number:
                continue
            kind = message["msg_type"]
            if kind == "status" and message["content"]["execution_state"] == "idle":
                return outputs
            if kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"kind": kind, **message["content"]})


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    # Not the course itself, where the lab would make the exercises of whoever runs this.
    course = new_course(tmp_path_factory.mktemp("course"))
    server = Lab(tmp_path_factory.mktemp("runtime"), course)
    yield server
    server.close()


def code_cells(lab: Lab, path: str) -> list[str]:
    notebook = json.loads(lab.get(f"api/contents/{path}?content=1"))["content"]
    return [
        cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def test_the_first_page_is_the_first_lesson(lab):
    page = lab.get(f"lab/tree/{LESSON}").decode()
    assert "JupyterLab" in page
    # It looks for no news on the network.
    assert '"news": {"disabled": true}' in page
    assert json.loads(lab.get("api/contents/course"))["type"] == "directory"


def test_the_lesson_goes_from_a_double_charge_to_green(lab):
    kernel = Kernel(lab, LESSON)
    printed = []
    stepped = []
    for source in code_cells(lab, LESSON):
        outputs = kernel.run(source)
        assert not [out for out in outputs if out["kind"] == "error"], source
        printed += [out["text"] for out in outputs if out["kind"] == "stream"]
        if source == "step()":
            stepped += [list(out["data"]) for out in outputs if out["kind"] == "display_data"]
    said = "".join(printed)
    twice = said.index("the charge for order-1 was made twice")
    lost = said.index("order-1 was lost")
    green = said.rindex("✓ in this schedule: ")
    judged = said.rindex("✓ charged_once, 1 of 1 points")
    assert twice < lost < green < judged
    # The widget, and the words for who opens the notebook without it.
    [kinds] = stepped
    assert {"application/vnd.jupyter.widget-view+json", "text/plain"} <= {*kinds}
    kernel.socket.close()


def test_the_exercises_are_there_to_write_in(lab):
    path = f"answers/{NAME}/{NAME}.ipynb"
    assert json.loads(lab.get(f"api/contents/{path}?content=0"))["type"] == "notebook"
    release = lab.course / "exercises" / NAME / f"{NAME}.ipynb"
    assert (lab.course / path).read_bytes() == release.read_bytes()


def test_a_kernel_of_the_lab_has_steady_hashes(lab):
    kernel = Kernel(lab, LESSON)
    outputs = kernel.run("import sys; print(sys.flags.hash_randomization)")
    assert outputs[0]["text"].strip() == "0"
    kernel.socket.close()


def test_a_terminal_of_the_lab_finds_the_command_line(lab):
    name = json.loads(lab.get("api/terminals", b"{}"))["name"]
    terminal = websocket.create_connection(
        f"{lab.url.replace('http', 'ws')}/terminals/websocket/{name}?token={lab.token}",
        timeout=30,
        header=[f"Authorization: token {lab.token}"],
    )
    terminal.send(json.dumps(["stdin", "echo found=$(command -v ackademy)=\r"]))
    said = ""
    # The echo of the command itself has a bracket after the sign.
    while not (found := re.search(r"found=([^$=\s]*)=", said)):
        kind, *what = json.loads(terminal.recv())
        said += what[0] if kind == "stdout" else ""
    terminal.close()
    assert found[1] == str(Path(sys.executable).parent / "ackademy")


def test_a_course_in_which_nothing_can_be_written_opens_all_the_same(tmp_path, capsys, monkeypatch):
    root = new_course(tmp_path)
    (root / "answers").write_text("a file")
    became = []
    monkeypatch.chdir(root)
    monkeypatch.setattr(lab_module.os, "execv", lambda path, command: became.append(command))
    lab_module.open_lab([])
    said = capsys.readouterr()
    assert said.err.startswith(
        f"ackademy: {root}/answers/{NAME}/{NAME}.ipynb cannot be made ready ("
    )
    assert len(became) == 1
