"""The demo: real images through grids on a small cluster, each checked against one piece.

Run it with ``python -m gridr_dask.demo``. Nothing else in the package needs these modules, nor the
libraries that they import.
"""
