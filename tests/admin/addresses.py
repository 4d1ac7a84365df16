"""Addresses of pages in the admin."""

from typing import Any

from django.urls import reverse


def page_of(row: Any, name: str) -> str:
    """The address of the row's page: `change`, `delete`, or a button's name."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[row.pk])
