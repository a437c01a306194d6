"""Clients of an ASGI server hang up before the answer."""

from harness.faults.fault import Fault, Injection

LOCUSTFILE = """\
from locust import FastHttpUser, HttpUser, constant, task


class Patient(FastHttpUser):
    weight = 4
    wait_time = constant(0.05)

    @task
    def fast(self):
        self.client.get("/work/fast")


class Hasty(HttpUser):
    wait_time = constant(0.05)

    @task
    def give_up(self):
        self.client.get("/work/wait?ms=400", name="/work/wait", timeout=0.1)
"""

FAULT = Fault(
    number=31,
    id="asgi-hang-up",
    does="Clients of an ASGI server hang up before the answer.",
    lie="the requests are counted, their responses never",
    mend="the clients' limits; under ASGI the request is cancelled with the connection",
    caught_by=("response-conservation",),
    quiet=("scrape-health",),
    injection=Injection(
        profile={"warmup_s": 0.0, "quiet_timeout_s": 3.0},
        locustfile=LOCUSTFILE,
        variants=("asgi",),
    ),
)
