"""Exercise: several workers on one queue."""
