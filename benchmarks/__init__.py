"""Figures, not tests: each module is one command (README.md)."""
