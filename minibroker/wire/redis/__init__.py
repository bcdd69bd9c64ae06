"""Redis for real clients: fakeredis's server, with `minibroker.redis`'s commands.

What it cannot do is in docs/differences.md.
"""
