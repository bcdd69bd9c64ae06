"""ApiVersions: which requests are served, and the features of the cluster (KIP-584)."""

from minibroker.wire.kafka import apis
from minibroker.wire.kafka.call import Answer, Call

TRANSACTION_VERSION = 2
"""``transaction.version``: clients that know it ask for a new epoch at each end (KIP-890)."""


def answer(call: Call) -> Answer:
    """All that is served."""
    types = call.types
    features = {"transaction.version": (0, TRANSACTION_VERSION), "group.version": (0, 1)}
    keys = tuple(
        types.ApiVersion(api_key=key, min_version=first, max_version=last)
        for key, first, last in apis.served()
    )
    if call.version < 3:
        return types.ApiVersionsResponse(api_keys=keys)
    return types.ApiVersionsResponse(
        api_keys=keys,
        supported_features=tuple(
            types.SupportedFeatureKey(name=name, min_version=first, max_version=last)
            for name, (first, last) in features.items()
        ),
        finalized_features_epoch=0,
        finalized_features=tuple(
            types.FinalizedFeatureKey(name=name, min_version_level=last, max_version_level=last)
            for name, (_, last) in features.items()
        ),
    )
