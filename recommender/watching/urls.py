"""Addresses of the watching pages, under the admin's."""

from django.urls import path

from recommender.watching import pages

app_name = "watching"
urlpatterns = [
    path("", pages.page, name="page"),
    path("figures.csv", pages.figures_csv, name="figures_csv"),
    path("drift.csv", pages.drift_csv, name="drift_csv"),
]
