"""The second part of the exercise that lesson 13 leads to."""
