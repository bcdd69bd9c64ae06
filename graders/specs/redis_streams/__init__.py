"""The exercise that lesson 14 leads to."""
