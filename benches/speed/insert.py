"""Seconds that SQLite takes for the rows of a table, by one prepared insert in one transaction: python insert.py FILE TABLE"""
import sqlite3
import sys
import time

file, table = sys.argv[1:]
con = sqlite3.connect(file, isolation_level=None)
rows = con.execute(f"select * from {table}").fetchall()
con.execute(f"create table plain as select * from {table} where 0")
start = time.perf_counter()
con.execute("begin")
con.executemany(f"insert into plain values ({', '.join('?' * len(rows[0]))})", rows)
con.execute("commit")
print(time.perf_counter() - start)
