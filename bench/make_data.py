"""Makes the data of the benchmarks: exports of a firm with any number of deals."""

from __future__ import annotations

import sys
from pathlib import Path

from stageproof.demo.exports.salesforce import write_salesforce
from stageproof.demo.scale import big_tables

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tables = big_tables(int(sys.argv[2]))
    tables.deals.write_parquet(folder / "deals.parquet")
    write_salesforce(tables, folder)
