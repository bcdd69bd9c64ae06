"""The exercise that lesson 00 leads to."""
