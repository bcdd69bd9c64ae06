"""A learner's code in a child process: no rights, effects over a socket, a wall clock."""
