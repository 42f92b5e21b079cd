"""Makes the files of this folder, by Apache Arrow and DuckDB (pip install pyarrow duckdb): python make.py, in this folder.

Each holds the same twelve made-up people in other encodings, compressions and versions of pages.
"""

import datetime
import decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

N = 12
names = ["Aino", "Veikko", "Åsa", None]
born = [datetime.date(1990, 1, 1) + datetime.timedelta(days=97 * i) for i in range(N)]
people = pa.table(
    {
        "id": pa.array([f"22{i:05d}" for i in range(N)], pa.string()),
        "given": pa.array([names[i % 4] for i in range(N)], pa.string()),
        "born": pa.array(born, pa.date32()),
        "credits": pa.array([decimal.Decimal(i * 105) / 10 for i in range(N)], pa.decimal128(6, 1)),
        "changed": pa.array([datetime.datetime(2026, 11, 1, 2, 15, i) for i in range(N)], pa.timestamp("us", tz="UTC")),
        "year": pa.array([2010 + i for i in range(N)], pa.int32()),
        "large": pa.array([(1 << 53) + i for i in range(N)], pa.int64()),
        "active": pa.array([i % 3 == 0 for i in range(N)], pa.bool_()),
        "home": pa.array([{"city": "Mikkeli" if i % 2 else None, "codes": ["50100"] * (i % 3)} for i in range(N)]),
        "degrees": pa.array([[{"code": f"D{k}", "terms": [k, k + 1]} for k in range(i % 3)] for i in range(N)]),
    }
)

plain = {"use_dictionary": False, "data_page_size": 200}
for name, options in {
    "dictionary": {"use_dictionary": True},
    "plain": {**plain, "compression": "none"},
    "delta": {**plain, "column_encoding": {"id": "DELTA_BYTE_ARRAY", "given": "DELTA_LENGTH_BYTE_ARRAY", "year": "DELTA_BINARY_PACKED", "large": "DELTA_BINARY_PACKED"}},
    "split": {**plain, "column_encoding": {"year": "BYTE_STREAM_SPLIT", "large": "BYTE_STREAM_SPLIT"}},
    "page-v2": {"data_page_version": "2.0", "version": "2.6"},
    "page-v2-none": {"data_page_version": "2.0", "compression": "none"},
    "snappy": {"compression": "snappy"},
    "gzip": {"compression": "gzip"},
    "zstd": {"compression": "zstd"},
    "brotli": {"compression": "brotli"},
    "lz4": {"compression": "lz4"},
    "groups": {"row_group_size": 5},
    "old-timestamps": {"use_deprecated_int96_timestamps": True},
    "checksums": {"write_page_checksum": True},
    "large-strings": {},
}.items():
    table = people
    if name == "large-strings":
        types = [pa.large_string() if f.type == pa.string() else f.type for f in people.schema]
        table = people.cast(pa.schema([pa.field(f.name, t) for f, t in zip(people.schema, types)]))
    pq.write_table(table, name + ".parquet", **options)

for name, options in {
    "duckdb": "",
    "duckdb-v2-zstd": ", PARQUET_VERSION v2, COMPRESSION zstd",
    "duckdb-brotli": ", COMPRESSION brotli",
    "duckdb-lz4": ", COMPRESSION lz4_raw",
}.items():
    duckdb.sql(f"COPY (SELECT * FROM people) TO '{name}.parquet' (FORMAT parquet{options})")
