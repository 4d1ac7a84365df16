"""Tests of the launcher: real servers and processes in temporary folders."""
