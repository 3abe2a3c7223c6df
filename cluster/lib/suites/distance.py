"""A broker that is not next to its client: some clients mistake an answer that comes at once."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from faults.proxied import ProxyNetwork


@contextmanager
def at_distance(broker, seconds):
    """An address at which `broker` answers later by twice so many seconds; its own address when that is 0."""
    if not seconds:
        yield broker
        return
    network = ProxyNetwork(nodes=1, sites=1)
    try:
        port = network.listen("c1", 1, urlsplit(f"//{broker}").port)
        network.delay(seconds, seconds, [("c1", "n1"), ("n1", "c1")])
        yield f"127.0.0.1:{port}"
    finally:
        network.close()
