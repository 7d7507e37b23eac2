"""The notebook's values -> what a model can be sent: pictures, documents, text.

    attachment("fig", names)       what `-a fig` means among the user's names
    from_value(fig, "fig")         a value of the notebook
    is_attachable(fig)             whether `{{ fig }}` is a picture rather than text
    table_text(df, "df")           a DataFrame in at most 8 KB

Knows nothing of notebooks, conversations or the service's JSON. pandas, polars, NumPy, Pillow,
matplotlib and plotly are imported only where a value of theirs has come.
"""

from __future__ import annotations

from .given import attachment
from .name import named
from .table import is_table, table_text
from .types import Attachment
from .value import from_value, is_attachable

__all__ = [
    "Attachment",
    "attachment",
    "from_value",
    "is_attachable",
    "is_table",
    "named",
    "table_text",
]
