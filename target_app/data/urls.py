"""Paths below /data/, in the URL namespace `data`."""

from django.urls import path

from data.views import cache, database

app_name = "data"
urlpatterns = [
    path("read", database.read, name="read"),
    path("list", database.list_notes, name="list"),
    path("write", database.write, name="write"),
    path("update", database.update, name="update"),
    path("cache-hit", cache.hit, name="cache-hit"),
    path("cache-miss", cache.miss, name="cache-miss"),
]
