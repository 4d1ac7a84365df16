"""Addresses of the desk."""

from django.urls import path

from tagplatform.desk import endpoints, views

app_name = "desk"

urlpatterns = [
    path("", views.home, name="home"),
    path("favicon.ico", views.favicon),
    path("desk/status", endpoints.Progress.as_view(), name="status"),
    path("desk/explain", endpoints.Explain.as_view(), name="explain"),
    path("desk/submit", endpoints.Submit.as_view(), name="submit"),
    path("desk/take-back", endpoints.TakeBack.as_view(), name="take-back"),
    path("desk/<slug:vocabulary>/", views.editor, name="editor"),
    path("desk/<slug:vocabulary>/documents/<str:document>/", views.editor, name="document"),
    path("desk/<slug:vocabulary>/queue/", views.queue, name="queue"),
    path("desk/<slug:vocabulary>/history/", views.history, name="history"),
]
