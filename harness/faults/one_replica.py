"""nginx spreads the load over two replicas, and Prometheus scrapes one of them."""

from harness.faults import _nginx
from harness.faults.fault import Fault, Injection
from harness.profile import Beside

HTTP = """\
  upstream replicas { server 127.0.0.1:@target_port@; server 127.0.0.1:@replica_port@; }
  server { listen 127.0.0.1:@port@; location / { proxy_pass http://replicas; } }
"""
REPLICA = ("{python}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{port}")

FAULT = Fault(
    number=10,
    id="one-replica",
    does="nginx spreads the load over two replicas, and Prometheus scrapes one of them.",
    lie="half of the traffic does not exist",
    mend="the scrape job: name every replica, or discover them",
    caught_by=("request-conservation",),
    quiet=("generator-health",),
    cause="unscraped-processes",
    needs=_nginx.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        beside=(
            Beside("replica", REPLICA, env={"PROMETHEUS_MULTIPROC_DIR": "{tmp}/replica"}),
            _nginx.proxy("target_port", "replica_port"),
        ),
        entry="proxy",
    ),
)
