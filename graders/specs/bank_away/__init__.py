"""An experiment of lesson 07."""
