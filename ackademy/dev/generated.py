"""exercises/ is what solutions/ gives: nobody edits it by hand, nothing in it is stale."""

from pathlib import Path
from tempfile import TemporaryDirectory

from ackademy.dev.layout import Layout, files


def release(layout: Layout, name: str) -> list[str]:
    """The release is what the solution notebook generates now, file by file."""
    from graders.autograde.release import NotReleasable, generate

    if not layout.is_exercise(name):
        if files(layout.root / "exercises" / name):
            return [
                f"exercises/{name} has no solutions/{name}; remove it, or write the exercise in "
                f"{layout.shown(layout.solution(name))}"
            ]
        return []
    with TemporaryDirectory() as scratch:
        try:
            made = generate(layout.root, name, Path(scratch))
        except NotReleasable as error:
            return [str(error).replace(f"{layout.root}/", "")]
        return _differences(name, _read(layout.root / "exercises" / name), _read(made.parent))


def _read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}


def _differences(name: str, has: dict[str, bytes], made: dict[str, bytes]) -> list[str]:
    mend = "run ackademy dev exercises"
    return [
        *(f"there is no exercises/{name}/{path}; {mend}" for path in made if path not in has),
        *(
            f"exercises/{name}/{path} does not come from solutions/{name}; {mend}"
            for path in has
            if path not in made
        ),
        *(
            f"exercises/{name}/{path} differs from what solutions/{name} gives; {mend}"
            for path in made
            if has.get(path, made[path]) != made[path]
        ),
    ]
