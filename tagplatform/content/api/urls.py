"""Addresses of the content under /api/v1/; an external id may contain slashes."""

from django.urls import path

from tagplatform.content.api import views

urlpatterns = [
    path("documents", views.Documents.as_view(), name="documents"),
    path("documents/<path:external_id>", views.DocumentByExternalId.as_view(), name="document"),
]
