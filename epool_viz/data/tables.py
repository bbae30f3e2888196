"""Tables as text, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any


def table_text(columns: Iterable[str], rows: Iterable[Iterable[Any]], delimiter: str = ",") -> str:
    """The names of the columns, then a row each; None is an empty cell."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    return text.getvalue()
