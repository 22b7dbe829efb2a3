"""How a process tells what it does: structlog on stderr, for people or, with COMANDA_LOG_JSON, for machines."""

import logging
import sys

import structlog


def configure(level: str, *, as_json: bool) -> None:
    """Set up structlog, and let the libraries' own loggers say only what is wrong."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # A broker that is away is told by ours; pika's and dramatiq's retries would bury it.
    for noisy in ("pika", "dramatiq", "psycopg.pool", "waitress.queue"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    people = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    renderer = structlog.processors.JSONRenderer() if as_json else people
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
