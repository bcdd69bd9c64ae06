"""The one exception of what is kept on disk."""


class StorageError(Exception):
    """A directory cannot be used, or a disk took no more: one sentence that says why. A broker
    whose disk has failed must stop, for what it holds in memory is more than what is kept."""
