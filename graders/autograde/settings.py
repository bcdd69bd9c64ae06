"""What an instructor may set: ``c.Ackademy`` in nbgrader_config.py."""

from traitlets import Integer
from traitlets.config import Configurable


class Ackademy(Configurable):
    """The settings of a class.

    >>> Ackademy(seed=7).seed
    7
    """

    seed = Integer(
        0,
        min=0,
        help="The seed of this class: another one gives the exercises other names, numbers and "
        "times, never another promise.",
    ).tag(config=True)
    max_bytes = Integer(
        20_000_000, min=1, help="A submitted notebook that is larger is not read."
    ).tag(config=True)
    max_cells = Integer(
        1_000, min=1, help="A submitted notebook that has more cells is not graded."
    ).tag(config=True)
