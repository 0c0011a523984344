//! Floor 1: connectors, schemas and pipelines become one checked catalog, or every fault at once.

pub mod connector;
pub mod formula;
pub mod reader;
pub mod sql;
pub mod template;
pub mod tree;
