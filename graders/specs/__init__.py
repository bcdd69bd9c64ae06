"""One folder an exercise: see `graders.spec` for what is in it."""
