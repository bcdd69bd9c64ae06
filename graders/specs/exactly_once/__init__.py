"""The exercise of lesson 11."""
