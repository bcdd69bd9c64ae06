"""Bug hunt: the invoice that came twice."""
