"""How a suite is fetched, run and read."""

import os
import subprocess
import sys
import tarfile
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test of a suite: ``passed``, ``failed`` or ``skipped``, and what it said."""

    name: str
    result: str
    words: str


def unpacked(package: str, scratch: Path, release: str = "") -> Path:
    """The source of a package in `scratch`, of that release, else of the one that is installed
    here."""
    wanted = f"{package}=={release or version(package)}"
    command = ["download", "--quiet", "--no-deps", "--no-binary", package, wanted]
    subprocess.run([*_pip(scratch), *command, "--dest", str(scratch)], check=True)
    [archive] = scratch.glob(f"{package.replace('-', '_')}-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(scratch, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def _pip(scratch: Path) -> list[str]:
    """An environment that uv made has no pip."""
    here = [sys.executable, "-m", "pip"]
    if not subprocess.run([*here, "--version"], capture_output=True, check=False).returncode:
        return here
    venv.create(scratch / "pip", with_pip=True)
    return [str(scratch / "pip" / "bin" / "python"), "-m", "pip"]


def run(
    where: Path, tests: list[str], environment: Mapping[str, str], python: str = sys.executable
) -> list[Outcome]:
    """What came of each test, from pytest's own report; `python` runs it."""
    report = where / "report.xml"
    subprocess.run(
        [
            python, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider",
            "-p", "no:xdist", "-o", "addopts=", f"--junit-xml={report}",
        ],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(where), **environment},
        check=False,
        stdout=subprocess.DEVNULL,
        timeout=900,
    )  # fmt: skip
    return [_outcome(case) for case in ElementTree.parse(report).iter("testcase")]


def _outcome(case: ElementTree.Element) -> Outcome:
    name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '')}"
    for kind, result in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        if (found := case.find(kind)) is not None:
            words = (found.get("message") or "").split("\n")[0]
            return Outcome(name, result, words)
    return Outcome(name, "passed", "")
