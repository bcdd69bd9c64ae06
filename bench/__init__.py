"""Benchmarks: ``make bench`` prints figures; nothing asserts on time."""
