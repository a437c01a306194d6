"""nginx answers from its cache for two seconds."""

from faults import _nginx
from harness.faults import Fault, Injection

HTTP = """\
  proxy_cache_path cached keys_zone=answers:1m use_temp_path=off;
  server {
    listen 127.0.0.1:@port@;
    location / { proxy_pass http://127.0.0.1:@target_port@; proxy_cache answers; proxy_cache_valid 200 2s; }
  }
"""

FAULT = Fault(
    number=97,
    id="cached-answers",
    does="nginx answers from its cache for two seconds.",
    lie="the answers from the cache do not exist",
    mend="monitoring: take the users' requests from the proxy, and the app's from the app",
    caught_by=(),
    named_by=("cached-answers",),
    quiet=("generator-health", "scrape-health", "request-conservation", "response-conservation", "request-counts"),
    needs=_nginx.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        sidecars=(_nginx.proxy("target_port"),),
        entry="proxy",
    ),
)
