"""Measurements of whole jobs. Each is one command; README.md says what was measured, where and how."""
