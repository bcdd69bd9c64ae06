"""SaslAuthenticate: name and password by SASL PLAIN (KIP-152, RFC 4616). Who is refused is told,
and then the connection ends."""

import hmac

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """Whether the client is who it says."""
    connection = call.connection
    code, words = Code.NONE, None
    try:
        if not connection.mechanism or connection.principal:
            raise LogError(
                Code.ILLEGAL_SASL_STATE, "authentication comes once, and after a handshake"
            )
        connection.principal = _known(call.request.auth_bytes, call.broker.server.users)
    except LogError as error:
        code, words = error.code, error.text
        connection.close_after_answer(f"not authenticated: {error.text}")
    return call.types.SaslAuthenticateResponse(error_code=code, error_message=words, auth_bytes=b"")


def _known(said: bytes, users: dict[str, str]) -> str:
    """The name; the same refusal whether the name or the password is wrong."""
    parts = said.split(b"\x00")
    if len(parts) == 3:
        acts_as, name, password = (each.decode(errors="replace") for each in parts)
        expected = users.get(name)
        right = hmac.compare_digest(password.encode(), (expected or "").encode())
        if right and expected is not None and acts_as in ("", name):
            return name
    raise LogError(Code.SASL_AUTHENTICATION_FAILED, "the name or the password is wrong")
