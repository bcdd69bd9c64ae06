"""An experiment of lesson 14."""
