"""Debian's package descriptions and their hand-made tags (Debtags) as a vocabulary with documents."""

from tagplatform.content.debtags.service import load_debtags

__all__ = ["load_debtags"]
