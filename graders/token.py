"""Replay tokens: all that one run depends on, in one word that can be copied.

``at_least_once_worker/1@crash:7#s0~a1b2c3d4`` is exercise and spec version, the plan of faults,
the scenario's seed, and the first digits of the source's SHA-256. The same token gives the same
trace, byte for byte; a token that was made for other code is refused.
"""

import hashlib
import re
from dataclasses import dataclass

from minibroker.sim.faults import Plan, parsed, written

_FORM = re.compile(
    r"(?P<exercise>[a-z0-9_]+)/(?P<version>[0-9]{1,9})@(?P<plan>[a-z0-9:+]+)"
    r"#s(?P<seed>[0-9]{1,18})~(?P<source>[0-9a-f]{8})"
)


class BadToken(ValueError):
    """The text is no token, or not one for this code; the sentence says which."""


@dataclass(frozen=True)
class Token:
    """A token's parts; `str()` gives the word."""

    exercise: str
    version: int
    plan: Plan
    seed: int
    source: str

    def __str__(self) -> str:
        plan = written(self.plan)
        return f"{self.exercise}/{self.version}@{plan}#s{self.seed}~{self.source}"

    def expect(self, version: int) -> None:
        """Raise `BadToken` unless it was made for this version of its exercise."""
        if self.version != version:
            raise BadToken(
                f"the token is for version {self.version} of {self.exercise} and this is version "
                f"{version}; run the check again for a new one"
            )


def fingerprint(source: str) -> str:
    """The digits by which a token knows its source. Trailing blanks and blank lines at either
    end, which editors add and drop, do not count."""
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


def token(text: str) -> Token:
    """Read a token, or raise `BadToken`."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise BadToken(
            f"{text!r} is no replay token; copy the whole word, such as "
            "at_least_once_worker/1@crash:7#s0~a1b2c3d4"
        )
    try:
        plan = parsed(match["plan"])
    except ValueError as error:
        raise BadToken(f"the token {text!r} has a bad plan: {error}") from None
    return Token(
        match["exercise"], int(match["version"]), plan, int(match["seed"]), match["source"]
    )
