"""Redis's commands, for the simulated world and for the wire: fakeredis's, put right where they
differ. Redis is not written a second time here.
"""
