//! Floor 1: connectors, schemas and pipelines become one checked catalog, or every fault at once.

pub mod aliases;
pub mod catalog;
mod check;
mod check_words;
pub mod codes;
pub mod connector;
mod derived;
pub mod duckdb;
pub mod formula;
pub mod function;
pub mod home;
pub mod json_schema;
pub mod list;
pub mod meaning;
pub mod pipeline;
pub mod reader;
pub mod reference;
mod repeat;
pub mod retention;
pub mod schema;
pub mod scoring;
pub mod secret;
pub mod settings;
pub mod sql;
pub mod template;
pub mod tree;
pub mod version;
