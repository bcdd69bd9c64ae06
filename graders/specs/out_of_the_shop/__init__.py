"""An experiment of lesson 04."""
