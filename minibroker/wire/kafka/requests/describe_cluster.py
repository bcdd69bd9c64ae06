"""DescribeCluster: the brokers (KIP-700), those too that are stopped if asked (KIP-1073)."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka import operations
from minibroker.wire.kafka.call import Answer, Call

_BROKERS, _CONTROLLERS = 1, 2
"""What a client may want to know the addresses of."""


def answer(call: Call) -> Answer:
    """Number and address of each broker."""
    types, request, server = call.types, call.request, call.broker.server
    wanted = getattr(request, "endpoint_type", _BROKERS)
    try:
        if wanted == _CONTROLLERS:
            raise LogError(
                Code.MISMATCHED_ENDPOINT_TYPE, "this is the address of a broker, no controller's"
            )
        if wanted != _BROKERS:
            raise LogError(
                Code.UNSUPPORTED_ENDPOINT_TYPE, f"there are brokers (1), and no {wanted}"
            )
        running = call.cluster.brokers()
    except LogError as error:
        return types.DescribeClusterResponse(
            error_code=error.code,
            error_message=error.text,
            endpoint_type=wanted,
            cluster_id="",
            brokers=(),
        )
    fenced = getattr(request, "include_fenced_brokers", False)
    asked = request.include_cluster_authorized_operations
    return types.DescribeClusterResponse(
        error_code=Code.NONE,
        error_message=None,
        endpoint_type=wanted,
        cluster_id=server.cluster_id,
        controller_id=server.controller,
        brokers=tuple(
            types.DescribeClusterBroker(
                broker_id=number,
                host=each.host,
                port=each.port,
                rack=None,
                is_fenced=number not in running,
            )
            for number, each in server.brokers.items()
            if fenced or number in running
        ),
        cluster_authorized_operations=operations.CLUSTER if asked else operations.NOT_ASKED,
    )
