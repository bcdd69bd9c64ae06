"""The exercise that lesson 07 leads to."""
