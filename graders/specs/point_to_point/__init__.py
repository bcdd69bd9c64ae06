"""The exercise that lesson 01 leads to."""
