"""An experiment of lesson 16."""
