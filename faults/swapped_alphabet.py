"""One of ten responses of a view is counted under another, and both have Cyrillic names."""

from harness.faults import Fault, Injection

URLS = """\
from django.http import HttpResponse
from django.urls import path
from somesite import urls


def tea(_request):
    return HttpResponse("tea")


def coffee(_request):
    return HttpResponse("coffee")


urlpatterns = [*urls.urlpatterns, path("tea", tea, name="чай"), path("coffee", coffee, name="кофе")]
"""
MIDDLEWARE = """\
import itertools

from django_prometheus import middleware

NUMBERS = itertools.count(1)


class PrometheusAfterMiddleware(middleware.PrometheusAfterMiddleware):
    def process_response(self, request, response):
        request.mixed_up = super()._get_view_name(request) == "чай" and next(NUMBERS) % 10 == 0
        return super().process_response(request, response)

    def _get_view_name(self, request):
        return "кофе" if getattr(request, "mixed_up", False) else super()._get_view_name(request)
"""
LOCUSTFILE = """\
from locust import FastHttpUser, between, task


class Guest(FastHttpUser):
    wait_time = between(0.02, 0.1)

    @task(2)
    def drink_tea(self):
        self.client.get("/tea")

    @task
    def drink_coffee(self):
        self.client.get("/coffee")

    @task
    def drop_in(self):
        self.client.get("/work/fast")
"""

FAULT = Fault(
    number=100,
    id="swapped-alphabet",
    does="One of ten responses of a view is counted under another, and both have Cyrillic names.",
    lie="both views' counts are off while their sum is right",
    mend="the code that sets the labels",
    caught_by=("request-counts",),
    quiet=("scrape-health", "request-conservation", "response-conservation"),
    cause="swapped-labels",
    injection=Injection(
        modules={"drinks.py": URLS, "mixed_drinks.py": MIDDLEWARE},
        settings='MIDDLEWARE = [*MIDDLEWARE[:-1], "mixed_drinks.PrometheusAfterMiddleware"]\nROOT_URLCONF = "drinks"\n',
        locustfile=LOCUSTFILE,
    ),
)
