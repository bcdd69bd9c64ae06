"""From a learner's code to a verdict.

`spec` says what an exercise asks, `cell` finds the learner's code, `explore` runs it under
every schedule, `judges` find anomalies in the traces, `verdict` says what each check is worth,
`timeline` and `explain` show the shortest schedule that breaks a promise.
"""
