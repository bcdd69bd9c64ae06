"""Answers and refusals as they go out: JSON for SQS, XML for SNS, each as botocore reads it.

An SQS error goes by two names: its shape in the body, and the code of the older protocol in a
header (AWS JSON 1.0 with the trait awsQueryCompatible).
"""

import base64
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from minibroker.aws.errors import AwsError
from minibroker.wire.aws.http import Response
from minibroker.wire.aws.models import Service, Shape, service

JSON = "application/x-amz-json-1.0"
XML = "text/xml"

NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot have, even escaped."""


def _encoded(value: object) -> str:
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()


_json = json.JSONEncoder(separators=(",", ":"), default=_encoded)


# --- JSON ----------------------------------------------------------------------------------


def json_answer(told: Mapping[str, Any], request_id: str) -> Response:
    """What an action of SQS has answered."""
    headers = {"x-amzn-RequestId": request_id, "Content-Type": JSON}
    return Response(200, headers, _json.encode(told).encode())


def json_refusal(error: AwsError, request_id: str) -> Response:
    """An action of SQS was refused."""
    modelled = error.shape in service("sqs").shapes
    where = "com.amazonaws.sqs" if modelled else "com.amazon.coral.service"
    headers = {
        "x-amzn-RequestId": request_id,
        "x-amzn-query-error": f"{error.code};{error.type}",
        "Content-Type": JSON,
    }
    told = {"__type": f"{where}#{error.shape}", "message": error.message}
    return Response(error.status, headers, _json.encode(told).encode())


# --- XML -----------------------------------------------------------------------------------


def xml_answer(name: str, action: str, told: Mapping[str, Any], request_id: str) -> Response:
    """What an action of SNS or STS has answered."""
    model = service(name)
    output = model.output(action)
    inner = ""
    if output is not None:
        shape, wrapper = output
        inner = f"<{wrapper}>{_members(model, shape, told)}</{wrapper}>"
    text = (
        f'<{action}Response xmlns="{namespace(name)}">{inner}<ResponseMetadata>'
        f"<RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )
    headers = {"x-amzn-RequestId": request_id, "Content-Type": XML}
    return Response(200, headers, text.encode())


def xml_refusal(name: str, error: AwsError, request_id: str) -> Response:
    """An action of SNS or STS was refused."""
    text = (
        f'<ErrorResponse xmlns="{namespace(name)}"><Error><Type>{error.type}</Type>'
        f"<Code>{_text(error.code)}</Code><Message>{_text(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    headers = {"x-amzn-RequestId": request_id, "Content-Type": XML}
    return Response(error.status, headers, text.encode())


@cache
def namespace(name: str) -> str:
    """The namespace of a service's answers."""
    return service(name).metadata["xmlNamespace"]


def _members(model: Service, shape: Shape, told: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_value(model, model.shapes[member['shape']], told[name])}</{name}>"
        for name, member in shape["members"].items()
        if told.get(name) is not None
    )


def _value(model: Service, shape: Shape, value: Any) -> str:
    match shape["type"]:
        case "structure":
            return _members(model, shape, value)
        case "list":
            item = model.shapes[shape["member"]["shape"]]
            name = shape["member"].get("locationName", "member")
            return "".join(f"<{name}>{_value(model, item, each)}</{name}>" for each in value)
        case "map":
            key = shape["key"].get("locationName", "key")
            name = shape["value"].get("locationName", "value")
            of = model.shapes[shape["value"]["shape"]]
            return "".join(
                f"<entry><{key}>{_text(each)}</{key}><{name}>{_value(model, of, found)}</{name}>"
                "</entry>"
                for each, found in value.items()
            )
        case "boolean":
            return "true" if value else "false"
    return _text(str(value))


def _text(text: str) -> str:
    text = html.escape(NO_XML.sub("\ufffd", text), quote=False)
    return text.replace("\r", "&#13;")
