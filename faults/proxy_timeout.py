"""nginx gives up on a slow view after a fifth of a second; the app answers it all the same."""

from faults import _nginx
from harness.faults import Fault, Injection

HTTP = """\
  server {
    listen 127.0.0.1:@port@;
    location / { proxy_pass http://127.0.0.1:@target_port@; proxy_read_timeout 200ms; }
  }
"""
LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(9)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def wait(self):
        self.client.get("/work/wait?ms=400", name="/work/wait")
"""

FAULT = Fault(
    number=53,
    id="proxy-timeout",
    does="nginx gives up on a slow view after a fifth of a second; the app answers it all the same.",
    lie="users get a 504 where the metric reports a 200",
    mend="the time-outs: the proxy's above gunicorn's, and that above the slowest view; monitor the proxy's 504",
    caught_by=("request-counts",),
    quiet=("scrape-health", "request-conservation", "response-conservation"),
    needs=_nginx.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        sidecars=(_nginx.proxy("target_port"),),
        entry="proxy",
        profile={"known_delay": {}},
        locustfile=LOCUSTFILE,
    ),
)
