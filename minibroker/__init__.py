"""The bundled broker: engines without I/O, a simulated world around them, clients in it.

Start reading at :mod:`minibroker.sim.effect`, the one boundary that everything crosses, and
:mod:`minibroker.sim.trace`, the one record that everything leaves.
"""
