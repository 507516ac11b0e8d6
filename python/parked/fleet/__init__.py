"""Many cores and reports at once: what each of them says, as tables (docs/fleet.md).

Needs ``pip install 'parked[fleet]'``. Nothing here is imported by ``import parked``, and nothing
here uses the C++ module: inputs are read by processes of their own.
"""
