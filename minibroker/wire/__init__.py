"""Servers for the real client libraries, over the same engines that the simulated world calls.

Rule: bytes come in, methods of an engine are called, bytes go out. What a broker does is decided in
`minibroker.log` and `minibroker.queues`, never here.
"""
