"""The one thing that a check cell says: ``check("exercise", "check_id")``."""

import ast


def check_call(source: str) -> tuple[str, str] | None:
    """The exercise and the check that a cell names, or None when it says anything else.

    >>> check_call('check("at_least_once_worker", "nothing_lost")')
    ('at_least_once_worker', 'nothing_lost')
    >>> check_call("print(1)")
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    match tree.body:
        case [
            ast.Expr(
                ast.Call(
                    ast.Name("check"),
                    [ast.Constant(str(exercise)), ast.Constant(str(check_id))],
                    [],
                )
            )
        ]:
            return exercise, check_id
    return None
