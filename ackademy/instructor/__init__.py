"""Tools for those who teach a class: nbgrader's own steps, driven and summed up."""
