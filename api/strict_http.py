"""HTTP messages that two servers could read in two ways are refused, and every such refusal is a problem body.

waitress takes some messages that RFC 9112 forbids or leaves open: Content-Length beside Transfer-Encoding, a coding
named twice, a request line without a version. Behind a proxy that reads them otherwise, each lets one request hide in
another (request smuggling). Here they are 400.
"""

import re
from http import HTTPStatus
from typing import Any

import waitress.parser
import waitress.task
from uuid_utils import uuid7

from api.body import BodyTooLarge
from api.problems import PROBLEM_JSON, problem

VERSIONS = frozenset({"1.0", "1.1"})
_CODINGS = re.compile(rb"^transfer-encoding:(.*)$", re.IGNORECASE | re.MULTILINE)


class StrictParser(waitress.parser.HTTPRequestParser):
    """Reads a request's head; raises ParsingError, which waitress answers through Refused."""

    def parse_header(self, header_plus: bytes) -> None:
        """As waitress does, and then more strictly."""
        try:
            super().parse_header(header_plus)
        except ValueError:  # an address that is none, a Content-Length of thousands of digits
            raise waitress.parser.ParsingError("Bad request line or header") from None
        if self.version not in VERSIONS:
            raise waitress.parser.ParsingError("HTTP/1.1 is expected")
        codings = [coding.strip().lower() for coding in _CODINGS.findall(header_plus)]
        if not codings:
            return
        if self.version == "1.0" or "CONTENT_LENGTH" in self.headers or codings != [b"chunked"]:
            raise waitress.parser.ParsingError("Transfer-Encoding: chunked is expected, once and alone")


class Refused(waitress.task.ErrorTask):
    """Answers a message that could not be read, and closes the connection."""

    def execute(self) -> None:
        """Write the problem. A transfer coding that is not known is the client's fault here: 400, not 501."""
        request: Any = self.request  # its stub names the error instead of the request that has it
        error = request.error
        status = HTTPStatus(error.code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.BAD_REQUEST
        too_large = status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        code = BodyTooLarge.code() if too_large else status.name.lower()
        request_id = str(uuid7())
        body = problem(status, code, error.body, "", request_id)
        self.status = f"{status.value} {status.phrase}"
        self.response_headers = [("Content-Type", PROBLEM_JSON), ("Request-Id", request_id)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
