"""nginx in front of the app answers 413 and 502 itself."""

from faults import _nginx
from harness.faults import Fault, Injection

HTTP = """\
  client_max_body_size 100;
  server {
    listen 127.0.0.1:@port@;
    location / { proxy_pass http://127.0.0.1:@target_port@; }
    location /work/cpu { proxy_pass http://127.0.0.1:1; }
  }
"""

FAULT = Fault(
    number=20,
    id="proxy-answers",
    does="nginx in front of the app answers 413 and 502 itself.",
    lie="errors that users see never happened: metrics of Django alone cannot show them",
    mend="monitor the proxy too: its own responses never reach Django, so no metric of Django can count them",
    caught_by=("request-conservation",),
    quiet=("scrape-health", "quiescence", "response-conservation"),
    needs=_nginx.NEEDS,
    injection=Injection(modules=_nginx.files(HTTP), sidecars=(_nginx.proxy("target_port"),), entry="proxy"),
)
