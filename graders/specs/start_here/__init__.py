"""The experiment of lesson 00."""
