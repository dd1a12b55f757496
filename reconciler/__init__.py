"""Keeps one Constant Contact list in step with the contacts of one CRM workspace."""

__version__ = "0.1.0"
