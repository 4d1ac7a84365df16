"""Addresses of feedback under /api/v1/."""

from django.urls import path

from feedback.api import views

urlpatterns = [
    path(
        "recommendations/<str:recommendation_id>/outcome",
        views.RecommendationOutcome.as_view(),
        name="recommendation-outcome",
    ),
    path("documents/<path:external_id>/tags", views.DocumentTags.as_view(), name="document-tags"),
    path("feedback/events", views.FeedbackEvents.as_view(), name="feedback-events"),
]
