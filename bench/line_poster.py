"""InfluxDB for a measurement: a bucket that goes away, what it took, and a poster of lines made beforehand."""

from __future__ import annotations

import csv
import http.client
import io
import itertools
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence

from bench.cluster import BenchError
from deploy.native import Stack

ORG = "headworks"

_WRITTEN = 'http_write_request_bytes{endpoint="/api/v2/write"'


class Bucket:
    """Inside it the bucket is there, without a retention limit; after it nothing of it is left."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.name, self.url = name, stack.influxdb.url
        self.token = stack.influxdb.token_file.read_text()
        self._host = urllib.parse.urlsplit(self.url).netloc
        self._id = ""
        #: Requests that were sent again because the server was too busy.
        self.again = 0

    def __enter__(self) -> Bucket:
        org = json.loads(self._ask("GET", f"/api/v2/orgs?org={ORG}"))["orgs"][0]["id"]
        made = self._ask("POST", "/api/v2/buckets", {"orgID": org, "name": self.name, "retentionRules": []})
        self._id = json.loads(made)["id"]
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("DELETE", f"/api/v2/buckets/{self._id}")

    def values(self) -> int:
        """How many values of `readings` there are, counted by the server."""
        # Grouped by hand, since the sum over all columns of a wide table is not one number.
        flux = (
            f'from(bucket: "{self.name}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "readings") '
            "|> count() |> group() |> sum()"
        )
        rows = list(csv.DictReader(io.StringIO(self._ask("POST", f"/api/v2/query?org={ORG}", {"query": flux}))))
        return int(rows[0]["_value"]) if rows else 0

    def accepted(self) -> float:
        """Bytes of lines that the server has accepted since it was started, whoever sent them."""
        lines = self._ask("GET", "/metrics").splitlines()
        return sum(float(x.rsplit(" ", 1)[1]) for x in lines if x.startswith(_WRITTEN) and 'status="204"' in x)

    def post(self, bodies: Sequence[bytes], connections: int, tries: int = 1) -> None:
        """Sends `bodies` over so many connections at once; BenchError when one is refused.

        tries: so often, a second apart, when the server says that it is too busy (5xx), as any client must.
        """
        turns, refused = itertools.count(), list[str]()
        threads = [
            threading.Thread(target=self._post, args=(bodies, turns, refused, tries)) for _ in range(connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if refused:
            raise BenchError(f"InfluxDB refuses the lines: {refused[0]}")

    def _post(self, bodies: Sequence[bytes], turns: itertools.count[int], refused: list[str], tries: int) -> None:
        link = http.client.HTTPConnection(self._host)
        where = f"/api/v2/write?{urllib.parse.urlencode({'org': ORG, 'bucket': self.name, 'precision': 'ns'})}"
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "text/plain; charset=utf-8"}
        while not refused and (turn := next(turns)) < len(bodies):
            for left in range(tries, 0, -1):
                link.request("POST", where, bodies[turn], headers)
                answer = link.getresponse()
                words = answer.read()
                if answer.status < 500 or left == 1:
                    break
                self.again += 1
                time.sleep(1.0)
            if answer.status != 204:
                refused.append(f"{answer.status} {words[:300]!r}")
        link.close()

    def _ask(self, method: str, path: str, body: object = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json", "Accept": "*/*"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(answer.read().decode())
