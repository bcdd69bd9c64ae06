"""A bug hunt of lesson 13."""
