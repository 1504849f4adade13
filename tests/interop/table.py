"""The table of docs/format.md as files: what the reference accepts, and what hoist says in both modes of validation."""

import itertools

import rows_fields
import rows_file
import rows_layout
import rows_text


def rows():
    return itertools.chain(rows_file.rows(), rows_layout.rows(), rows_fields.rows(), rows_text.rows())
