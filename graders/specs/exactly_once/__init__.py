"""The exercise that lesson 11 leads to."""
