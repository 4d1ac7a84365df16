"""Files of rows: JSONL, CSV (both also gzipped) and Parquet, read in one pass with bounded memory."""

from tagplatform.imports.readers.table import SUFFIXES, Table, open_table

__all__ = ["SUFFIXES", "Table", "open_table"]
