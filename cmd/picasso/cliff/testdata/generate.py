#!/usr/bin/python3
"""Writes the golden files of this folder with the real cliff and osc-lib
(Debian packages python3-cliff and python3-osc-lib)."""
import argparse
import io
import pathlib

from cliff.formatters import commaseparated, json_format, table, value, yaml_format
from osc_lib.cli import format_columns as fc

here = pathlib.Path(__file__).parent
args = argparse.Namespace(print_empty=False, max_width=0, fit_width=False, noindent=False,
                          quote_mode="nonnumeric")
columns = ("ID", "Name", "Public", "Memory MB", "CPUs", "Command", "Config", "Exit Code")
rows = [
    ("7b", "hello", True, 128, 0.5, fc.ListColumn(["a b", "it's"]), fc.DictColumn({"A": "1", "K": "v"}), None),
    ("11", "grüße\nzwei", False, 1024, 2, fc.ListColumn([]), fc.DictColumn({}), 137),
]
formats = {
    "table": table.TableFormatter(), "json": json_format.JSONFormatter(),
    "yaml": yaml_format.YAMLFormatter(), "value": value.ValueFormatter(),
    "csv": commaseparated.CSVLister(),
}
for name, formatter in formats.items():
    for kind, emit in (
        ("list", lambda out: formatter.emit_list(columns, rows, out, args)),
        ("empty", lambda out: formatter.emit_list(columns, [], out, args)),
        ("one", lambda out: formatter.emit_one(columns, rows[0], out, args)),
    ):
        if kind == "one" and name == "csv":
            continue  # there is none
        out = io.StringIO()
        emit(out)
        (here / f"{kind}.{name}").write_text(out.getvalue())
