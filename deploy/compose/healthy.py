"""`python healthy.py PORT`: whether the service of this container says that it lives; the image has no curl."""

import sys
import urllib.request

# A proxy of the environment is not for the container's own loopback.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with opener.open(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=4) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    sys.exit(f"not healthy: {error}")
