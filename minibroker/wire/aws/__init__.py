"""SQS and SNS for the real client libraries, over `minibroker.aws`.

Rule: HTTP comes in, a method of the engine is called, HTTP goes out. What AWS does is decided in
the engine; which parameters an action has, and how they are written, stands in botocore's models.
"""
