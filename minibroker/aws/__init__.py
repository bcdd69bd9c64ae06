"""SQS queues and SNS topics, as Amazon documents them today, without any I/O.

Rule: what AWS does is decided here and nowhere else. `minibroker.aws.engine.Engine` has a method
for each action of the two APIs; the wire server and the simulated world call the same ones.
"""
