"""Who signed a request, and for which region (AWS Signature Version 4).

Rule: the signature is not checked, for whoever reaches the port may do everything; but a request
that nobody signed is refused, as AWS does, so that a client that was given no credentials finds it
out here.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from minibroker.aws.errors import AwsError
from minibroker.wire.aws.http import Request

SCOPE = re.compile(
    r"(?P<key>[^/\s]{1,200})/[0-9]{8}/(?P<region>[a-z0-9\-]{1,40})/(?P<service>[a-z0-9]{1,40})"
    r"/aws4_request"
)


class Signer(NamedTuple):
    """The access key's id, the region and the service of a signature."""

    key: str
    region: str
    service: str


def signer(request: Request) -> Signer:
    """AwsError MissingAuthenticationToken or IncompleteSignature."""
    header = request.headers.get("authorization", "")
    if not header and "?" in request.target:
        query = parse_qs(urlsplit(request.target).query)
        header = "Credential=" + query.get("X-Amz-Credential", [""])[0]
        if header == "Credential=":
            header = ""
    if not header:
        raise AwsError(
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
            status=403,
            shape="MissingAuthenticationTokenException",
        )
    found = SCOPE.search(header.partition("Credential=")[2])
    if found is None:
        raise AwsError(
            "IncompleteSignature",
            "Authorization header requires 'Credential' parameter with the scope of AWS4.",
            status=403,
            shape="IncompleteSignatureException",
        )
    return Signer(found["key"], found["region"], found["service"])
