"""What a broker keeps on disk: segment files as Kafka's own, and a journal of all else."""

from minibroker.storage.disk import Disk, kafka_id
from minibroker.storage.errors import StorageError
from minibroker.storage.files import Fsync
from minibroker.storage.opening import open_cluster
from minibroker.storage.queue_disk import QueueDisk, open_queues

__all__ = [
    "Disk",
    "Fsync",
    "QueueDisk",
    "StorageError",
    "kafka_id",
    "open_cluster",
    "open_queues",
]
