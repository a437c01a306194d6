"""nginx claims https for every request, and the app trusts it."""

from faults import _nginx
from harness.faults import Fault, Injection

HTTP = """\
  server {
    listen 127.0.0.1:@port@;
    location / { proxy_pass http://127.0.0.1:@target_port@; proxy_set_header X-Forwarded-Proto https; }
  }
"""

FAULT = Fault(
    number=70,
    id="wrong-transport",
    does="nginx claims https for every request, and the app trusts it.",
    lie="nobody uses plain http any more",
    mend="the proxy: X-Forwarded-Proto $scheme, and the header taken away from what clients send",
    caught_by=("side-counters",),
    quiet=("scrape-health", "request-conservation", "response-conservation", "request-counts"),
    needs=_nginx.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        sidecars=(_nginx.proxy("target_port"),),
        entry="proxy",
        settings='SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")\n',
    ),
)
