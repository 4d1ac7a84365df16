"""Addresses of the taxonomy under /api/v1/."""

from django.urls import path

from tagplatform.taxonomy.api import views

urlpatterns = [
    path("vocabularies", views.Vocabularies.as_view(), name="vocabularies"),
    path("tags", views.Tags.as_view(), name="tags"),
    path("tags/search", views.TagSearch.as_view(), name="tag-search"),
    path("tags/resolve", views.TagResolve.as_view(), name="tag-resolve"),
    path("tags/<str:tag_id>", views.TagById.as_view(), name="tag"),
    path("tag-proposals", views.TagProposals.as_view(), name="tag-proposals"),
]
