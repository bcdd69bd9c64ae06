"""The bug hunt about a poison message."""
