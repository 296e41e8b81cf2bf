"""The workbook for Azure Monitor: its queries, its layout, and the checks of both without Azure.

`queries/*.kql` are what its tiles show and what alerts ask; `layout` says where each tile is; `python -m infra.workbook
build` makes `signalbox.workbook` of them, and `python -m infra.workbook check` holds the queries against Application
Insights' tables and against what the code emits.
"""
