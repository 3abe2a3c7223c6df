"""Points aiokafka's suite at the cluster that is there: loaded by pytest with -p, before the suite's own conftest.

The suite starts Kafka, ZooKeeper and Kerberos in a Docker container. Here that container's fixtures are replaced just
after the suite's conftest was imported, before pytest reads the fixtures in it.
"""

import os
import pathlib
import sys
import types
from dataclasses import dataclass

import pytest

docker = types.ModuleType("docker")
docker.models = types.SimpleNamespace(containers=types.SimpleNamespace(Container=object))
sys.modules.setdefault("docker", docker)


@dataclass
class KafkaServer:
    """As in the suite's conftest. The ports of listeners we do not have are closed ones."""
    host: str
    port: int
    ssl_port: int = 1
    sasl_plain_port: int = 1
    sasl_ssl_port: int = 1
    container: object = None

    @property
    def hosts(self):
        return [f"{self.host}:{self.port}"]


class Unavailable:
    """Stands for what only Kafka's container has; the test that uses it is skipped."""

    def __init__(self, what):
        self._what = what

    def __getattr__(self, name):
        if name == "cleanup":
            return lambda: None
        pytest.skip(f"needs {self._what}")


@pytest.fixture(scope="session")
def kafka_server():
    host, port = os.environ["SUITE_BROKER"].split(":")
    yield KafkaServer(host, int(port))


@pytest.fixture(scope="session")
def ssl_folder():
    return pathlib.Path("no-certificates")


@pytest.fixture(scope="class")
def acl_manager():
    return Unavailable("kafka-acls.sh and ZooKeeper, to set access rights")


@pytest.fixture(scope="class")
def kafka_config():
    return Unavailable("kafka-configs.sh and ZooKeeper, to add users")


@pytest.fixture(scope="class")
def kerberos_utils():
    return Unavailable("a Kerberos server")


REPLACED = {"kafka_server": kafka_server, "ssl_folder": ssl_folder, "acl_manager": acl_manager,
            "kafka_config": kafka_config, "kerberos_utils": kerberos_utils}


def pytest_configure(config):
    config.addinivalue_line("markers", "ssl: tests that need certificates")


@pytest.hookimpl(tryfirst=True)
def pytest_plugin_registered(plugin):
    if isinstance(plugin, types.ModuleType) and pathlib.Path(plugin.__file__ or "").name == "conftest.py":
        for name, fixture in REPLACED.items():
            setattr(plugin, name, fixture)
