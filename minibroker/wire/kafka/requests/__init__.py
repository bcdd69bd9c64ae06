"""One module for each request: `answer(call)` gives its response, or an awaitable of it.

Rule: a handler reads the request, calls the engine, and makes the response. It raises nothing that
a client can cause: what the engine refuses stands in the response.
"""
