"""The exercise that lesson 02 leads to."""
