"""An experiment of lesson 13."""
