"""An experiment of lesson 01."""
