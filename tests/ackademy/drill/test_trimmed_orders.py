"""The bug hunt on Redis streams: its questions have the answers that its run shows, for every
variant."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.session import Session
from ackademy.drill.steps import Mend, Reply, Show
from ackademy.drill.trimmed_orders import HUNT, NAME, charged, pending
from graders.check import check_source, one_run
from graders.content import wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
RIGHT = (1, 0, 0)
"""Some; nothing; lost."""


def test_some_orders_are_lost_and_nothing_is_pending():
    run, _ = one_run(SPEC, BROKEN, ())
    there, paid = charged(run)
    assert 1 < paid < there == 6
    assert pending(run) == 0


@pytest.mark.parametrize("name", WHEATS)
def test_each_mend_passes_and_charges_them(name):
    assert {verdict.outcome for verdict in check_source(SPEC, WHEATS[name], 0)} == {"pass"}
    run, _ = one_run(SPEC, WHEATS[name], ())
    assert charged(run) == (6, 6)


@pytest.mark.parametrize("seed", range(3))
def test_the_answers_hold_for_every_variant(seed):
    session = Session(hunt(HUNT, seed))
    said = [step.text for step in session.shown if isinstance(step, Show)]
    for place in RIGHT:
        session.reply(Reply(place))
        said += [step.text for step in session.shown if isinstance(step, Show)]
    assert "you said" not in "\n".join(said)
    assert "maxlen=6: 6 of the 6" in "\n".join(said)
    assert isinstance(session.asked, Mend)
