"""What whoever asks may do, as a number with a bit for each operation (KIP-430).

There is no authorizer, so everybody may do all that there is, as Kafka says without one. The bits
are those of Kafka's ``AclOperation``.
"""

NOT_ASKED = -(2**31)

NO_AUTHORIZER = "this broker has no authorizer: everybody may do everything"

_READ, _WRITE, _CREATE, _DELETE, _ALTER, _DESCRIBE, _CLUSTER = 3, 4, 5, 6, 7, 8, 9
_DESCRIBE_CONFIGS, _ALTER_CONFIGS, _IDEMPOTENT_WRITE = 10, 11, 12


def _bits(*operations: int) -> int:
    return sum(1 << each for each in operations)


CLUSTER = _bits(
    _CREATE, _ALTER, _DESCRIBE, _CLUSTER, _DESCRIBE_CONFIGS, _ALTER_CONFIGS, _IDEMPOTENT_WRITE
)

TOPIC = _bits(_READ, _WRITE, _CREATE, _DELETE, _ALTER, _DESCRIBE, _DESCRIBE_CONFIGS, _ALTER_CONFIGS)
