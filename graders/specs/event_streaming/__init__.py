"""The exercise that lesson 04 leads to."""
