"""The landing: immutable raw batches on a file system (fsspec: a folder, or `s3://…` for many machines).

A batch is `<system>/<yyyy>/<mm>/<dd>/<batch_id>` with `.jsonl.gz` (rows), `.json` (manifest), `.said` (its fact was
confirmed) and, for people, `.csv` (the newest of each scope). It exists when its manifest does.
"""

from shared.landing.batch import Manifest, Pruned, RawRow, batch_id, id_of, iso, scope_slug
from shared.landing.landing import Landing
from shared.landing.spreadsheet import Cells, cell, flat
from shared.landing.writer import BatchWriter

__all__ = [
    "BatchWriter",
    "Cells",
    "Landing",
    "Manifest",
    "Pruned",
    "RawRow",
    "batch_id",
    "cell",
    "flat",
    "id_of",
    "iso",
    "scope_slug",
]
