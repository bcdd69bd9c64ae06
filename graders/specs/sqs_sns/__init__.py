"""The exercise that lesson 13 leads to."""
