"""Answers queries over a lake by DuckDB, which shares no code with what wrote it.

Reads {"lake": FOLDER, "queries": {NAME: SQL}} from standard input and prints {NAME: [[VALUE, …], …]}, each value as text.
"""

import datetime
import json
import sys

import duckdb

# As `ringwall hunt` has its tables (crates/hunt/src/tables.rs); DuckDB says EXCLUDE where others say EXCEPT.
VIEWS = """
SET TimeZone = 'UTC';
CREATE VIEW events AS SELECT *, accountId AS account, eventDay AS day
  FROM read_parquet('{lake}/ext/ringwall-events/**/*.parquet', hive_partitioning = true, hive_types_autocast = false);
CREATE VIEW findings AS SELECT *, accountId AS account, eventDay AS day
  FROM read_parquet('{lake}/ext/ringwall-findings/**/*.parquet', hive_partitioning = true, hive_types_autocast = false);
CREATE VIEW findings_latest AS SELECT * EXCLUDE (place) FROM
  (SELECT *, row_number() OVER (PARTITION BY finding_id ORDER BY when_at DESC, count DESC) AS place FROM findings)
  WHERE place = 1;
"""


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.timezone.utc)
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    return str(value)


def main():
    asked = json.load(sys.stdin)
    connection = duckdb.connect()
    connection.execute(VIEWS.replace("{lake}", asked["lake"].replace("'", "''")))
    answers = {}
    for name, sql in asked["queries"].items():
        answers[name] = [[text(value) for value in row] for row in connection.execute(sql).fetchall()]
    json.dump(answers, sys.stdout)


main()
