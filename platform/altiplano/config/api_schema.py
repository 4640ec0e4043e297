"""What Ninja's OpenAPI description does not know: how operations fail."""

from typing import Any

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem document.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; for programs."},
        "detail": {"type": "string", "description": "A sentence for people."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What is wrong, by the name of the field.",
        },
        "instance": {"type": "string", "description": "This one occurrence, to quote."},
    },
}

ALWAYS = {
    400: "The request cannot be understood.",
    401: "No API key and no session, or one that is revoked or expired.",
    403: "The role or the key's scopes do not reach.",
    500: "A fault on our side; `instance` names it.",
}
FOR_OBJECTS = {404: "Not there, or not in your organization: the two look the same."}
FOR_CHANGES = {409: "The object is in a state that does not allow this."}
FOR_INPUT = {
    413: "The request is too large.",
    415: "The content type is not understood here.",
    422: "A field is missing or wrong; `fields` says which.",
}
FOR_WORK = {
    429: "A quota is used up; `Retry-After` says for how long.",
    503: "A part of the platform does not answer at the moment.",
}


def describe_errors(schema: dict[str, Any]) -> None:
    """Every operation of the OpenAPI document also names the problems it may answer with."""
    schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for status, sentence in _problems_of(path, method, operation).items():
                operation["responses"].setdefault(
                    status,
                    {
                        "description": sentence,
                        "content": {
                            "application/problem+json": {
                                "schema": {"$ref": "#/components/schemas/Problem"}
                            }
                        },
                    },
                )


def _problems_of(path: str, method: str, operation: dict[str, Any]) -> dict[int, str]:
    problems = dict(ALWAYS)
    if "{" in path or "requestBody" in operation:
        problems |= FOR_OBJECTS
    if method != "get":
        problems |= FOR_CHANGES
    if method == "post":
        problems |= FOR_WORK
    if "requestBody" in operation or operation.get("parameters"):
        problems |= FOR_INPUT
    return problems
