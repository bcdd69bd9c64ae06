"""Grading behind nbgrader's own commands, without running a learner's code in a kernel.

`config` puts it in place. A submission goes through

1. `exporter`, which reads it (`intake`) or refuses it with one sentence,
2. `mend`, which makes of it a notebook with exactly the cells that were released,
3. `run_checks`, which writes a verdict into every check cell,
4. `save_verdicts`, which writes the gradebook,

and later `feedback`, which makes a page that is safe to open. `release` makes the learners'
notebook of an exercise. nbgrader and nbformat are imported here and nowhere else in graders.
"""
