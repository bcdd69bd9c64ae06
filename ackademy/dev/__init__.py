"""Tools for those who write the course; nothing a learner needs."""
