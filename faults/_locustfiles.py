"""Locustfiles that more than one fault needs."""

BUSY = """\
from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0)

    @task(4)
    def fast(self):
        self.client.get("/work/fast")

    @task
    def page(self):
        self.client.get("/work/page")
"""
"""As many requests as go, of two views: enough for what happens to one in a thousand."""

HASTY = """\
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
        self.client.get("/work/wait?ms=300", name="/work/wait", timeout=0.1)
"""
"""One user of five gives up after a third of the time that the answer takes."""
