"""The two brokers that carry hints: RabbitMQ, and a queue in this process where there is none."""

from typing import Any

import dramatiq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker

HINTS_WAITING_MAX = 10_000
HEARTBEAT_S = 30
BLOCKED_MAX_S = 5.0
SOCKET_TIMEOUT_S = 5.0


class HintsOverRabbitmq(RabbitmqBroker):
    """RabbitMQ with publisher confirms and bounded queues: of too many hints the oldest go, for they are stale."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        arguments: dict[str, Any] = super()._build_queue_arguments(queue_name)  # type: ignore[no-untyped-call]
        return {**arguments, "x-max-length": HINTS_WAITING_MAX, "x-overflow": "drop-head"}


class HintsInProcess(StubBroker):
    """A bounded queue between the threads of one process; a hint too many is dropped, the sweep repeats it."""

    def enqueue(self, message: "dramatiq.Message[Any]", *, delay: int | None = None) -> "dramatiq.Message[Any]":
        """Queue the message unless the queue is full."""
        queue = self.queues.get(message.queue_name)
        if queue is not None and queue.qsize() >= HINTS_WAITING_MAX:
            return message
        return super().enqueue(message, delay=delay)


def broker(amqp_url: str | None) -> dramatiq.Broker:
    """The broker for ``amqp_url``, or the one in this process. Connects to nothing yet."""
    if amqp_url is None:
        return HintsInProcess(middleware=[])
    hints = HintsOverRabbitmq(url=amqp_url, confirm_delivery=True, middleware=[])
    parameters: pika.URLParameters = hints.parameters
    parameters.heartbeat = HEARTBEAT_S
    parameters.blocked_connection_timeout = BLOCKED_MAX_S
    parameters.socket_timeout = SOCKET_TIMEOUT_S
    return hints
