"""Two replicas behind nginx, for the faults that need more than one instance."""

from faults import _nginx
from harness.faults import Sidecar

HTTP = """\
  upstream replicas { server 127.0.0.1:@target_port@; server 127.0.0.1:@replica_port@; }
  server { listen 127.0.0.1:@port@; location / { proxy_pass http://replicas; } }
"""
COMMAND = ("{python}", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", "127.0.0.1:{port}")
REPLICA = Sidecar("replica", COMMAND, env={"PROMETHEUS_MULTIPROC_DIR": "{tmp}/replica"})
PROXY = _nginx.proxy("target_port", "replica_port")
FILES = _nginx.files(HTTP)
NEEDS = _nginx.NEEDS
SIDECARS = (REPLICA, PROXY)
ENTRY = "proxy"
PROFILE = {"sql_log": ""}
"""Each replica keeps an SQL log of its own, and the proxy would ask one of them."""
SCRAPE = {
    "static_configs": [
        {"targets": ["127.0.0.1:{target_port}", "127.0.0.1:{replica_port}"], "labels": {"app": "somesite"}}
    ]
}
"""Both of them."""
