"""Strangers' code in processes of its own."""
