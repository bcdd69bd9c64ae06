"""SaslHandshake: which mechanism the client will authenticate by (KIP-43). With version 0 what
follows would have no header of Kafka's, so that version is not served."""

from minibroker.log.errors import Code
from minibroker.wire.kafka.call import Answer, Call

MECHANISM = "PLAIN"


def answer(call: Call) -> Answer:
    """The one mechanism that there is, if clients have to authenticate at all."""
    connection = call.connection
    code = Code.NONE
    if not call.broker.server.must_authenticate or connection.principal:
        code = Code.ILLEGAL_SASL_STATE
    elif call.request.mechanism != MECHANISM:
        code = Code.UNSUPPORTED_SASL_MECHANISM
    else:
        connection.mechanism = MECHANISM
    return call.types.SaslHandshakeResponse(error_code=code, mechanisms=(MECHANISM,))
