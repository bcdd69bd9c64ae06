"""The exercise that lesson 10 leads to."""
