"""For every pytest run here, nbval's of the notebooks too: nothing of it is anybody's progress."""

import os

os.environ["ACKADEMY_PROGRESS"] = "off"
