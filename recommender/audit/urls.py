"""Addresses of the audit pages, under the admin's."""

from django.urls import path

from recommender.audit import pages

app_name = "audit"
urlpatterns = [
    path("", pages.page, name="page"),
    path("cell/", pages.cell, name="cell"),
    path("cell.csv", pages.cell_csv, name="cell_csv"),
    path("links/<slug:kind>.csv", pages.differences_csv, name="differences_csv"),
    path("matrix/<slug:matrix>.csv", pages.matrix_csv, name="matrix_csv"),
]
