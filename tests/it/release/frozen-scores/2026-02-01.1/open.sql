-- cd into this folder, then: duckdb -init open.sql
create or replace view metrics as select * from read_parquet('metrics.parquet');
comment on view metrics is '指标值';
create or replace view definitions as select * from read_parquet('definitions.parquet');
comment on view definitions is '指标定义';
create or replace view score as select * from read_parquet('score.parquet');
comment on view score is '数据评分';
create or replace view score_lines as select * from read_parquet('score_lines.parquet');
comment on view score_lines is '数据评分逐项';
create or replace view reconciliation as select * from read_parquet('reconciliation.parquet');
comment on view reconciliation is '自报数核对';
create or replace view units as select * from read_parquet('units.parquet');
comment on view units is '机构';
create or replace view sections as select * from read_parquet('sections.parquet');
comment on view sections is '内设机构';
create or replace view corrections as select * from read_parquet('corrections.parquet');
comment on view corrections is '更正';
create or replace view changes as select * from read_parquet('changes.parquet');
comment on view changes is '与上一次发布的差异';
