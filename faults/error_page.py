"""nginx replaces the app's 500 by a friendly page with status 200."""

from faults import _nginx
from harness.faults import Fault, Injection

HTTP = """\
  server {
    listen 127.0.0.1:@port@;
    proxy_intercept_errors on;
    error_page 500 =200 /sorry;
    location / { proxy_pass http://127.0.0.1:@target_port@; }
    location = /sorry { internal; default_type text/html; return 200 "Please try again."; }
  }
"""
LOCUSTFILE = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task(3)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def fail(self):
        self.client.get("/work/fail")
"""

FAULT = Fault(
    number=51,
    id="error-page",
    does="nginx replaces the app's 500 by a friendly page with status 200.",
    lie="clients, caches and uptime checks see a success where the metric reports an error",
    mend="the proxy: error_page 500 without `=200`, so that the page keeps the status",
    caught_by=("request-counts",),
    quiet=("scrape-health", "quiescence", "request-conservation", "response-conservation"),
    needs=_nginx.NEEDS,
    injection=Injection(
        modules=_nginx.files(HTTP),
        sidecars=(_nginx.proxy("target_port"),),
        entry="proxy",
        locustfile=LOCUSTFILE,
    ),
)
