"""``python -m ackademy`` is the same as ``ackademy``."""

import sys

from ackademy.cli import main

sys.exit(main())
