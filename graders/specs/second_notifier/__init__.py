"""The experiment of lesson 10."""
