"""Writing bytes as they come."""

import sys


def write(pieces):
    """Write pieces of bytes to standard output as they are, each at once."""
    sys.stdout.flush()
    for piece in pieces:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
