"""An experiment of lesson 19."""
