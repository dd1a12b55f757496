"""Constant Contact's V3 API: the only package that speaks to it."""
