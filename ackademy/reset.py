"""Begin an exercise anew, and keep what was there."""

import os
from pathlib import Path

from ackademy.cells import CannotDo
from ackademy.start import BASE, copies, mine, put, release, set_aside, start

RELOAD = "If it is open in JupyterLab: File > Reload Notebook from Disk."


def reset(root: Path, name: str) -> str:
    """Put the release in the place of the learner's notebook, of which a copy is kept. Gives what
    was done, in sentences."""
    fresh, path = release(root, name).read_bytes(), mine(root, name)
    if not path.exists():
        start(root, name)
        return f"{path.relative_to(root)} was not there, so there was nothing to keep; it is new"
    if path.read_bytes() == fresh:
        return f"{path.relative_to(root)} is as it was released; nothing was changed"
    copy = set_aside(path)
    put(path, fresh)
    put(path.with_name(BASE), fresh)
    return (
        f"{path.relative_to(root)} is as it was released. What it was is kept in {copy.name} "
        f"beside it; ackademy reset {name} --undo brings it back. {RELOAD}"
    )


def undo(root: Path, name: str) -> str:
    """Bring the newest copy back. What stands in its place is kept in turn, so that a second undo
    takes back the first."""
    fresh, path = release(root, name).read_bytes(), mine(root, name)
    kept = copies(path)
    if not kept:
        raise CannotDo(
            f"there is no copy of {path.relative_to(root)} to bring back; ackademy reset {name} "
            "makes one before it begins anew"
        )
    newest = kept[-1]
    said = f"{path.relative_to(root)} is what it was in {newest.name}. "
    if path.exists() and path.read_bytes() not in (fresh, newest.read_bytes()):
        said += f"What stood there is kept in {set_aside(path).name}. "
    os.replace(newest, path)
    return said + RELOAD
