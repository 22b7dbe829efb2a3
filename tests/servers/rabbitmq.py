"""The RabbitMQ of a test run: given, in a container, or a private node; what each can do, and which is taken."""

import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote, urlsplit

import pika
import pika.exceptions
from testcontainers.core.container import DockerContainer

from tests.servers.engine import docker_answers
from tests.servers.ports import HOST, free_port
from tests.servers.rabbitmq_node import PrivateNode, wait_until_open
from tests.servers.rabbitmq_programs import find_or_install

GIVEN_URL = "COMANDA_TEST_AMQP_URL"
IMAGE = "COMANDA_TEST_RABBITMQ_IMAGE"
DEFAULT_IMAGE = "rabbitmq:4"


class Broker(ABC):
    """A RabbitMQ broker that tests use."""

    description: str
    breakable = True

    @property
    @abstractmethod
    def url(self) -> str:
        """Its default virtual host."""

    @abstractmethod
    def add_vhost(self, name: str) -> None:
        """Makes a virtual host."""

    @abstractmethod
    def delete_vhost(self, name: str) -> None:
        """Removes a virtual host and all in it."""

    @abstractmethod
    def start(self) -> None:
        """Brings a stopped or killed broker back: same port, kept data; returns when it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stops it cleanly; its data stays."""

    @abstractmethod
    def kill(self) -> None:
        """Ends it as a power cut would (kill -9); its data stays."""

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """The URL of a virtual host that lives as long as the block."""
        name = f"test-{uuid.uuid4().hex}"
        self.add_vhost(name)
        try:
            yield urlsplit(self.url)._replace(path=f"/{quote(name, safe='')}").geturl()
        finally:
            self.delete_vhost(name)


class GivenBroker(Broker):
    """Somebody's running broker: it is never stopped, and every test shares the virtual host that was given."""

    breakable = False

    def __init__(self, url: str) -> None:
        self._url = url
        self.description = f"given by {GIVEN_URL}"

    @property
    def url(self) -> str:
        return self._url

    @contextmanager
    def vhost(self) -> Iterator[str]:
        yield self._url

    def add_vhost(self, name: str) -> None:
        raise NotImplementedError(f"{name}: a broker that was given gets no virtual hosts")

    def delete_vhost(self, name: str) -> None:
        raise NotImplementedError(f"{name}: a broker that was given keeps its virtual hosts")

    def start(self) -> None:
        raise NotImplementedError("a broker that was given is not started")

    def stop(self) -> None:
        raise NotImplementedError("a broker that was given is not stopped")

    def kill(self) -> None:
        raise NotImplementedError("a broker that was given is not killed")


class NodeBroker(Broker):
    """A private node of the RabbitMQ installed on this machine."""

    def __init__(self, node: PrivateNode) -> None:
        self._node = node
        self.description = f"private node of {node.programs}"

    @property
    def url(self) -> str:
        return self._node.url

    def add_vhost(self, name: str) -> None:
        self._node.evaluate(f'rabbit_vhost:add(<<"{name}">>, <<"test">>)')
        access = ", ".join(['<<".*">>'] * 3)
        self._node.evaluate(
            f'rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"{name}">>, {access}, <<"test">>)'
        )

    def delete_vhost(self, name: str) -> None:
        if self._node.running:
            self._node.evaluate(f'rabbit_vhost:delete(<<"{name}">>, <<"test">>)')

    def start(self) -> None:
        self._node.start()

    def stop(self) -> None:
        self._node.stop()

    def kill(self) -> None:
        self._node.kill()


class ContainerBroker(Broker):
    """A broker in a container of its own, on a port that stays the same over restarts."""

    def __init__(self, container: DockerContainer, port: int, image: str) -> None:
        self._container = container
        self._port = port
        self.description = f"container of {image}"

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{HOST}:{self._port}/%2F"

    def add_vhost(self, name: str) -> None:
        self._control("add_vhost", name)
        self._control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")

    def delete_vhost(self, name: str) -> None:
        self._control("delete_vhost", name)

    def start(self) -> None:
        self._container.get_wrapped_container().start()
        wait_until_open(self.url)

    def stop(self) -> None:
        self._container.get_wrapped_container().stop()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def _control(self, *arguments: str) -> None:
        answer = self._container.exec(["rabbitmqctl", "--quiet", *arguments])
        if answer.exit_code != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {answer.output.decode('utf-8', 'replace')}")


@contextmanager
def any_broker(report: Callable[[str], None]) -> Iterator[Broker]:
    """The given broker, else a container where a Docker engine answers, else a private node; says which.

    A missing RabbitMQ is installed; where it cannot be, the test run fails with what to do.
    """
    with ExitStack() as stack:
        given = os.environ.get(GIVEN_URL)
        broker = GivenBroker(given) if given else _container(stack, report)
        yield _said(broker or stack.enter_context(private_broker(report)), report)


@contextmanager
def private_broker(report: Callable[[str], None]) -> Iterator[Broker]:
    """A private node of its own; for tests that stop, kill or starve it."""
    with PrivateNode(find_or_install(report)) as node:
        yield NodeBroker(node)


def purge(url: str, queues: Iterable[str]) -> None:
    """Throws away every message that waits in these queues; a queue that does not exist is empty already."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        for queue in queues:
            channel = connection.channel()  # a missing queue closes the channel it was asked for on
            try:
                channel.queue_purge(queue)
            except pika.exceptions.ChannelClosedByBroker:
                continue
            channel.close()


def _said(broker: Broker, report: Callable[[str], None]) -> Broker:
    report(f"RabbitMQ: {broker.description}")
    return broker


def _container(stack: ExitStack, report: Callable[[str], None]) -> Broker | None:
    if not docker_answers():
        return None
    image, port = os.environ.get(IMAGE, DEFAULT_IMAGE), free_port()
    container = DockerContainer(image).with_bind_ports(5672, port)
    broker = ContainerBroker(container, port, image)
    try:
        stack.enter_context(container)
        wait_until_open(broker.url)
    except Exception as failure:  # an engine without this image is no reason to fail: a private node will do
        report(f"RabbitMQ: no container of {image} ({failure}); name another in {IMAGE}")
        return None
    return broker
