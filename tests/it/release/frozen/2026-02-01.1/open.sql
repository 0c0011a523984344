-- cd into this folder, then: duckdb -init open.sql
create or replace view metrics as select * from read_parquet('metrics.parquet');
comment on view metrics is '指标值';
create or replace view definitions as select * from read_parquet('definitions.parquet');
comment on view definitions is '指标定义';
create or replace view units as select * from read_parquet('units.parquet');
comment on view units is '机构';
create or replace view changes as select * from read_parquet('changes.parquet');
comment on view changes is '与上一次发布的差异';
