"""Starts and stops the platform: embedded database, processes, tests. Knows no Django."""
