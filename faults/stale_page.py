"""nginx keeps the metrics page for three seconds, and Prometheus scrapes through it."""

from faults import _nginx
from harness.faults import Fault, Injection

HTTP = """\
  proxy_cache_path pages keys_zone=pages:1m use_temp_path=off;
  server {
    listen 127.0.0.1:@port@;
    location / { proxy_pass http://127.0.0.1:@target_port@; }
    location = /metrics {
      proxy_pass http://127.0.0.1:@target_port@;
      proxy_cache pages;
      proxy_cache_valid 200 3s;
      proxy_ignore_headers Cache-Control Expires Vary;
    }
  }
"""

FAULT = Fault(
    number=87,
    id="stale-page",
    does="nginx keeps the metrics page for three seconds, and Prometheus scrapes through it.",
    lie="nothing happens for three scrapes, then everything at once",
    mend="the proxy: no cache for /metrics; better, scrape the app itself",
    caught_by=("running-counts",),
    quiet=("generator-health",),
    needs=_nginx.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        sidecars=(_nginx.proxy("target_port"),),
        scrape={"static_configs": [{"targets": ["127.0.0.1:{proxy_port}"], "labels": {"app": "somesite"}}]},
        profile={"quiet_timeout_s": 6.0},
    ),
)
