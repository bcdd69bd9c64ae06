"""An experiment of lesson 02."""
