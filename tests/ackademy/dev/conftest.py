"""Fixtures of these tests."""

from tests.ackademy.dev.course import course

__all__ = ["course"]
