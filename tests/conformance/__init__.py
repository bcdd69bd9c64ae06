"""Other projects' own tests, run against our servers: ``make conformance``.

Rule: nothing of theirs is kept. A suite is taken from its source package, unpacked into a scratch
directory, run there, and what came of it is written to docs/conformance.md, each exception with its
reason.
"""
