"""An experiment of lesson 11."""
