"""Points kafka-python's suite at the cluster that is there: loaded by pytest with -p, before the suite's own conftest.

The suite takes a broker that runs already from its environment (KAFKA_URI). Its source package lacks two files: that
which makes `test` a package, so that the standard library's would be found in its place, and that which starts
processes; nothing is to be started here, so that names are enough.
"""

import os
import sys
import types


class ExternalService:
    """A broker that runs already."""

    def __init__(self, host, port):
        self.host, self.port = host, port

    def stop(self):
        pass

    def dump_logs(self):
        pass


class SpawnedService:
    def __init__(self, *_, **__):
        raise RuntimeError("the suite starts no broker of its own here")


package, service = types.ModuleType("test"), types.ModuleType("test.service")
package.__path__ = [os.path.join(os.getcwd(), "test")]
package.service = service
service.ExternalService, service.SpawnedService = ExternalService, SpawnedService
sys.modules["test"], sys.modules["test.service"] = package, service
