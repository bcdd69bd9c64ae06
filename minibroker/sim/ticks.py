r"""A learner's source, compiled with a tick at every function, loop, `except` and `finally`.

A tick is a call that raises when the process is dead or has spent its budget. So a bare
`except:` cannot survive a crash, and an endless loop ends at the same tick on every machine.
What a tick cannot reach (a loop inside C, `os._exit`) only a child process with a wall clock
can, which is why new source runs there first.

>>> code = instrumented("def f():\n    while True: pass", "<cell>")
"""

import ast
from types import CodeType

TICK = "__tick__"


class DoesNotParse(ValueError):
    """The source is no Python. `line` counts from 1; the text is a sentence for the learner."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def tree_of(source: str) -> ast.Module:
    """Parse a cell, or raise `DoesNotParse`."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        line = error.lineno or 0
        lines = source.splitlines()
        text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        if text.startswith(("%", "!")):
            reason = (
                f"line {line} is a notebook command ({text.split()[0]}); this cell is run by "
                "itself, outside the notebook, so it must be plain Python: move the command "
                "to another cell"
            )
        else:
            where = f"line {line}" if line else "the cell"
            reason = f"{where} does not parse: {error.msg}"
        raise DoesNotParse(line, reason) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DoesNotParse(
            0, f"the cell does not parse: {str(error) or 'too deeply nested'}"
        ) from None


def instrumented(source: str, filename: str) -> CodeType:
    """Compile a cell so that it calls `__tick__()`, which its namespace must hold."""
    tree = _Ticks().visit(tree_of(source))
    try:
        code = compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
    except SyntaxError as error:  # found only when compiled, such as a return outside a function
        line = error.lineno or 0
        raise DoesNotParse(line, f"line {line} does not parse: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DoesNotParse(
            0, f"the cell does not parse: {str(error) or 'too deeply nested'}"
        ) from None
    return code


class _Ticks(ast.NodeTransformer):
    """Put a tick first in every body that can be entered again and again."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        # (tick() and None) or body: a tick gives True, so what follows decides
        node.body = ast.IfExp(_call(node), node.body, ast.Constant(None))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._loop(node)

    def visit_Try(self, node: ast.Try) -> ast.AST:
        return self._try(node)

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        return self._try(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _tick(node))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs.insert(0, _call(node.target))
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        after = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(after, _tick(node))
        return node

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _tick(node))
        return node

    def _try(self, node: ast.Try | ast.TryStar) -> ast.AST:
        self.generic_visit(node)
        if node.finalbody:
            node.finalbody.insert(0, _tick(node))
        return node


def _call(where: ast.AST) -> ast.Call:
    call = ast.Call(ast.Name(TICK, ast.Load()), [], [])
    return ast.copy_location(call, where)


def _tick(where: ast.AST) -> ast.Expr:
    return ast.copy_location(ast.Expr(_call(where)), where)
