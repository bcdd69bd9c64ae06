"""The bug hunt of lesson 14."""
