"""The bug hunt of lesson 16."""
