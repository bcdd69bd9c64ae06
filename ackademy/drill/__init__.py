"""Drills: short practice for an interview or an on-call week, in a terminal or a notebook.

A drill is a script that asks and explains and knows neither terminal nor notebook; both are thin
front ends of the same script. In a terminal: ``ackademy drill`` and ``ackademy drill NAME``. In a
notebook::

    from ackademy import drill

    drill.start("poison_message")
    drill.answer(2)
"""

from typing import Any

__all__ = ["answer", "drills", "start"]


def __getattr__(name: str) -> Any:
    # Late, so that the command line does not pay for what only a notebook needs.
    if name in __all__:
        from ackademy.drill import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'ackademy.drill' has no attribute {name!r}")
