"""A bug hunt that goes with lesson 10."""
