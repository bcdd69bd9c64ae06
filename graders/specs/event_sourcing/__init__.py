"""The exercise that lesson 16 leads to."""
