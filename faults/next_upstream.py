"""nginx repeats a request that failed on one replica on the other."""

from faults import _nginx, _replicas
from harness.faults import Fault, Injection

HTTP = """\
  upstream replicas {
    server 127.0.0.1:@target_port@ max_fails=0;
    server 127.0.0.1:@replica_port@ max_fails=0;
  }
  server {
    listen 127.0.0.1:@port@;
    location / { proxy_pass http://replicas; proxy_next_upstream error timeout http_500; }
  }
"""

FAULT = Fault(
    number=52,
    id="next-upstream",
    does="nginx repeats a request that failed on one replica on the other.",
    lie="the app gets two requests, and two errors, where a user made one",
    mend="the proxy: proxy_next_upstream without http_500, or an error ratio made from the proxy's own counts",
    caught_by=("request-conservation", "request-counts"),
    quiet=("scrape-health", "quiescence", "response-conservation"),
    cause="client-retries",
    needs=_replicas.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        sidecars=_replicas.SIDECARS,
        entry=_replicas.ENTRY,
        profile=_replicas.PROFILE,
        scrape=_replicas.SCRAPE,
    ),
)
