"""A package, so that its conftest.py and that of e2e are two modules."""
