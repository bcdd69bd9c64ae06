"""Flakes: what makes one, and that none is made up."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from ackademy import cli
from ackademy.dev import trials
from ackademy.dev.flake import flakes
from tests.ackademy.dev.course import CHAFFS, GOOD, NAME

ROOT = Path(__file__).parents[3]
WHEAT = trials.Solution(NAME, "wheat", "good", GOOD)
CHAFF = trials.Solution(
    NAME, "chaff", "no_key", CHAFFS["no_key"][1], ("duplicate_effect",), ("charged_once",)
)


def tried(some):
    return map(trials.trial, some)


def test_good_content_has_no_flakes(course):
    done = flakes(NAME, [WHEAT, CHAFF], range(3), tried)
    assert done.sentences == ()
    assert str(done) == "charge_once: 2 solutions x 3 seeds x 2 transports: 0 flakes"


def test_so_many_seeds_are_graded_and_the_others_are_tried_inline_only(course):
    swapped = dataclasses.replace(WHEAT, source=CHAFF.source)
    done = flakes(NAME, [swapped], range(3), tried, graded=1)
    assert str(done) == ("charge_once: 1 solution x 3 seeds inline, 1 of them graded too: 4 flakes")
    assert [each.partition(" (")[0].rpartition(", ")[2] for each in done.sentences] == [
        "inline with seed 0", "graded with seed 0", "inline with seed 1", "inline with seed 2",
    ]  # fmt: skip


def test_a_wheat_and_a_chaff_that_miss_are_flakes_for_every_seed_and_transport(course):
    swapped = [
        dataclasses.replace(WHEAT, source=CHAFF.source),
        dataclasses.replace(CHAFF, source=GOOD),
    ]
    done = flakes(NAME, swapped, range(2), tried)
    assert str(done) == "charge_once: 2 solutions x 2 seeds x 2 transports: 12 flakes"
    assert done.sentences[0].startswith(
        "wheat good gets fail for the check charged_once, inline with seed 0 ("
    )
    assert done.sentences[-1] == (
        "chaff no_key does not fail the check charged_once, graded with seed 1"
    )


def test_a_source_that_takes_other_steps_in_one_transport_is_a_flake(course):
    def one_is_off(some):
        for trial in tried(some):
            off = trial.graded and trial.seed == 1
            yield dataclasses.replace(trial, digest="other") if off else trial

    done = flakes(NAME, [WHEAT], range(3), one_is_off)
    assert done.sentences == ("wheat good takes other steps inline than graded, seed 1",)


def test_a_digest_covers_what_was_asked_in_every_run_not_only_the_failing_ones(course):
    """A question more after a crash, in a wheat: no trace of a failing run could show it."""
    asks = "if method.redelivered:\n            payments.charges('{}')\n        order = json"
    sources = [GOOD, *(GOOD.replace("order = json", asks.format(who)) for who in ("x", "y"))]
    digests = {
        trials.trial((dataclasses.replace(WHEAT, source=source), 0, graded)).digest
        for source in sources
        for graded in (False, True)
    }
    assert len(digests) == 3
    assert "" not in digests  # all were run


@pytest.fixture
def ackademy(course, monkeypatch, capsys):
    """Run ``ackademy dev flake`` in this process."""
    monkeypatch.setattr(cli, "steady_hashes", lambda: None)  # it would start pytest again

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["dev", "flake", *arguments, "--seeds", "1", "--processes", "1"])
        return (status, *capsys.readouterr())

    return run


def test_the_command_ends_with_1_when_it_finds_flakes_and_shows_them(course, ackademy):
    (course.spec / "wheats" / "key_first.py").write_text(CHAFFS["no_key"][1])
    status, out, err = ackademy()
    first, *more = out.splitlines()
    assert (status, first) == (1, "charge_once: 6 solutions x 1 seed x 2 transports: 2 flakes")
    assert len(more) == 2
    assert all(line.startswith("  - wheat key_first gets fail") for line in more)
    assert err.endswith(" s\n")


def test_the_command_says_in_a_sentence_what_cannot_be_tried(course, ackademy):
    assert ackademy("nothing")[::2] == (
        2, "ackademy: there is no exercise 'nothing'; did you mean charge_once?\n",
    )  # fmt: skip
    (course.spec / "chaffs" / "no_key.py").write_text('"""Wrong."""\n')
    assert ackademy()[2].startswith("ackademy: chaff no_key of charge_once names no anomaly; ")
    course.change_spec("SPEC = Spec(", "nonsense\nSPEC = Spec(")
    assert "spec.py cannot be loaded (NameError: name 'nonsense'" in ackademy()[2]


def test_the_command_tries_in_several_processes_and_says_the_same_each_time():
    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ackademy", "dev", "flake", "start_here", "--seeds", "2", *more],
            capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
        )  # fmt: skip

    one, two = run("--processes", "1"), run("--processes", "2")
    assert (one.returncode, one.stdout) == (0, two.stdout), (one, two)
    assert one.stdout == "start_here: 4 solutions x 2 seeds x 2 transports: 0 flakes\n"
    assert two.stderr.endswith(" s\n")
