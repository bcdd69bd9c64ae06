"""What is kept of a drill that was left: the answers so far, in a file beside the learner's."""

import json
from collections.abc import Sequence
from pathlib import Path

from ackademy.drill.steps import Reply


def notes_file(folder: Path, drill: str) -> Path:
    """Where the answers of a drill are kept."""
    return folder / f"{drill}.answers.json"


def keep(path: Path, seed: int, replies: Sequence[Reply]) -> None:
    """Write the answers so far."""
    kept = {"seed": seed, "replies": [[reply.value, reply.seconds] for reply in replies]}
    path.write_text(json.dumps(kept) + "\n", encoding="utf-8")


def kept(path: Path, seed: int) -> list[Reply]:
    """The answers that were kept for this seed; none when there are none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["seed"] != seed:
            return []
        return [Reply(value, float(seconds)) for value, seconds in found["replies"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
