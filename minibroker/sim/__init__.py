"""The simulator: virtual time, processes, faults and the trace. No I/O, no threads."""
