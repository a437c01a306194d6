"""Paths below /data/, in the URL namespace `data`."""

from django.urls import path

from data.views import cache, database, models, sql

app_name = "data"
urlpatterns = [
    path("read", database.read, name="read"),
    path("list", database.list_notes, name="list"),
    path("write", database.write, name="write"),
    path("update", database.update, name="update"),
    path("bulk", models.bulk, name="bulk"),
    path("given-key", models.given_key, name="given-key"),
    path("remove", models.remove, name="remove"),
    path("savepoint", models.savepoint, name="savepoint"),
    path("each", sql.each, name="each"),
    path("many", sql.many, name="many"),
    path("slow", sql.slow, name="slow"),
    path("wrong", sql.wrong, name="wrong"),
    path("caught", sql.caught, name="caught"),
    path("cache-hit", cache.hit, name="cache-hit"),
    path("cache-miss", cache.miss, name="cache-miss"),
    path("cache-falsy", cache.falsy, name="cache-falsy"),
    path("cache-none", cache.none, name="cache-none"),
    path("cache-expired", cache.expired, name="cache-expired"),
    path("cache-many", cache.many, name="cache-many"),
    path("cache-or-set", cache.or_set, name="cache-or-set"),
]
