"""The optional part of the exercise that lesson 07 leads to."""
