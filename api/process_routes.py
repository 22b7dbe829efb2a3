"""The routes of the process: whether it is well, and the pages that explain it."""

from api.answers.process import Health
from api.conventions import KEPT
from api.docs import HTML, Docs, DocsFile, DocsFileUnknown
from api.health import Alive, Ready
from api.operation import Operation, Route

PROCESS_ROUTES: tuple[Route, ...] = (
    Route(
        path="/healthz",
        resource=lambda _: Alive(),
        get=Operation(id="alive", summary="Whether the process lives.", answer=Health, reads_store=False),
    ),
    Route(
        path="/readyz",
        resource=lambda s: Ready(s.fetch),
        get=Operation(id="ready", summary="Whether the process can serve.", answer=Health),
    ),
    Route(
        path="/docs",
        resource=lambda _: Docs(),
        get=Operation(
            id="read_docs",
            summary="This document, as a page to read and to try.",
            answer=str,
            answer_media=HTML,
            reads_store=False,
        ),
    ),
    Route(
        path="/docs/{file}",
        resource=lambda _: DocsFile(),
        get=Operation(
            id="read_docs_file",
            summary="What the page loads.",
            answer=str,
            answer_media="text/*",
            conventions=(KEPT,),
            refusals=(DocsFileUnknown,),
            reads_store=False,
        ),
    ),
)
