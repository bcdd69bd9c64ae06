"""Drills: short practice for an interview or an on-call week, in a terminal or a notebook.

A drill is a script that asks and explains and knows neither terminal nor notebook; both are thin
front ends of the same script. In a terminal: ``ackademy drill`` and ``ackademy drill NAME``. In a
notebook::

    from ackademy import drill

    drill.start("poison_message")
    drill.answer(2)
"""

from ackademy.drill.notebook import answer, drills, start

__all__ = ["answer", "drills", "start"]
