"""What a learner touches: the command line, and the helpers of the notebooks.

>>> from ackademy import check, for_real, hint, judge, simulate, step, timeline, predict
"""

from typing import Any

__all__ = ["check", "for_real", "hint", "judge", "predict", "simulate", "step", "timeline"]


def __getattr__(name: str) -> Any:
    # Late, so that the command line does not pay for what only a notebook needs.
    if name in __all__:
        from ackademy import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'ackademy' has no attribute {name!r}")
