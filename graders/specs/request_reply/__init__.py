"""The exercise that lesson 19 leads to."""
