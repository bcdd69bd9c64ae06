"""A learner's own copy of an exercise: ``answers/<name>/<name>.ipynb``.

``exercises/`` is the release and stays as it came, so that a newer course can be pulled over it.
``answers/`` is the learner's; git does not look at it. Beside the learner's notebook stands the
release that it was made from, so that a newer one is noticed and merged.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ackademy.cells import CannotDo
from ackademy.merge import NoNotebook, merged
from graders.spec import UnknownName

ANSWERS = "answers"
BASE = ".release.ipynb"
"""The release that the learner's notebook was made from."""


@dataclass(frozen=True)
class Started:
    """The learner's notebook, and in a sentence what was done to it; nothing when it was there
    already and is of this release."""

    path: Path
    note: str = ""


def names(root: Path) -> list[str]:
    """The exercises of the course in `root`."""
    return sorted(path.stem for path in root.glob("exercises/*/*.ipynb") if _is_release(path))


def mine(root: Path, name: str) -> Path:
    """Where the learner's notebook of an exercise is or will be."""
    return root / ANSWERS / name / f"{name}.ipynb"


def release(root: Path, name: str) -> Path:
    """The exercise as it was handed out, or `UnknownName`."""
    path = root / "exercises" / name / f"{name}.ipynb"
    if name not in names(root):
        raise UnknownName("exercise", name, names(root))
    return path


def start(root: Path, name: str) -> Started:
    """Make the learner's notebook of an exercise unless it is there, and bring one that is there
    up to the present release. What the learner wrote is never overwritten.

    Raises `UnknownName`, and `CannotDo` when nothing can be written there.
    """
    source, path = release(root, name), mine(root, name)
    base = path.with_name(BASE)
    try:
        fresh = source.read_bytes()
        _copy_files(source.parent, path.parent)
        if not path.exists():
            put(path, fresh)
            put(base, fresh)
            return Started(path, f"{path.relative_to(root)} is new: it is yours to write in")
        if not base.exists():  # put there by hand; from now on releases can be told apart
            put(base, fresh)
        if base.read_bytes() == fresh:
            return Started(path)
        return _upgraded(path, base, fresh)
    except OSError as error:
        raise CannotDo(
            f"{path} cannot be made ready ({error}); make {root / ANSWERS} writable, or copy "
            f"{source} to where you can write and use --file"
        ) from None


def set_aside(path: Path) -> Path:
    """Copy a learner's notebook beside itself, under the time of now; gives the copy.

    No copy is ever overwritten, and the newest one always comes last in `copies`.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    earlier = copies(path)
    if earlier and (last := _when(earlier[-1]))[0] >= stamp:  # also when the clock was set back
        copy = path.with_name(f"{path.stem}.{last[0]}-{last[1] + 1}.ipynb")
    else:
        copy = path.with_name(f"{path.stem}.{stamp}.ipynb")
    with path.open("rb") as old, copy.open("xb") as new:
        shutil.copyfileobj(old, new)
    return copy


def copies(path: Path) -> Sequence[Path]:
    """The copies of a learner's notebook, the newest last."""
    return sorted(path.parent.glob(f"{path.stem}.[0-9]*-[0-9]*.ipynb"), key=_when)


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for JupyterLab may read it any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with open(descriptor, "wb") as written:
            written.write(content)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


def _when(copy: Path) -> tuple[str, int]:
    """The time in a copy's name, and its number among those of the same second."""
    day, time, *number = copy.stem.rpartition(".")[2].split("-")
    return f"{day}-{time}", int(number[0]) if number else 1


def _upgraded(path: Path, base: Path, fresh: bytes) -> Started:
    old = path.read_bytes()
    try:
        new = merged(old, base.read_bytes(), fresh)
    except NoNotebook:
        return Started(
            path,
            f"{path.name} has a new release but is no notebook itself, so it was left alone; save "
            f"it again in JupyterLab, or begin anew with ackademy reset {path.stem}",
        )
    copy = set_aside(path)
    put(path, new)
    put(base, fresh)
    return Started(
        path,
        f"{path.name} is brought up to its new release: your solution and your own cells are kept "
        f"in it, and {copy.name} beside it is all as it was",
    )


def _copy_files(source: Path, into: Path) -> None:
    """What an exercise comes with beside its notebook, where it is not there yet."""
    for file in source.rglob("*"):
        target = into / file.relative_to(source)
        extra = file.is_file() and not _is_release(file) and ".ipynb_checkpoints" not in file.parts
        if extra and not target.exists():
            put(target, file.read_bytes())


def _is_release(path: Path) -> bool:
    return path.suffix == ".ipynb" and path.stem == path.parent.name
