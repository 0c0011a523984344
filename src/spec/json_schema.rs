//! What may stand in a file of the home? JSON Schemas, for editors and for validators that are not ours;
//! tests hold them to the readers, key by key.

/// A kind of file of the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonSchema {
    /// `connectors/*.toml`
    Connector,
    /// `pipelines/*.toml`
    Pipeline,
    /// `pipelines/scoring/*.toml`
    Scoring,
    /// `shuping.toml`
    Settings,
    /// `schemas/*.json`
    Table,
}

impl JsonSchema {
    /// Every kind.
    pub const ALL: [JsonSchema; 5] = [
        JsonSchema::Connector,
        JsonSchema::Pipeline,
        JsonSchema::Scoring,
        JsonSchema::Settings,
        JsonSchema::Table,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            JsonSchema::Connector => "connector",
            JsonSchema::Pipeline => "pipeline",
            JsonSchema::Scoring => "scoring",
            JsonSchema::Settings => "settings",
            JsonSchema::Table => "table",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<JsonSchema> {
        JsonSchema::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its JSON Schema (draft 7).
    pub fn text(self) -> &'static str {
        match self {
            JsonSchema::Connector => include_str!("json/connector.json"),
            JsonSchema::Pipeline => include_str!("json/pipeline.json"),
            JsonSchema::Scoring => include_str!("json/scoring.json"),
            JsonSchema::Settings => include_str!("json/settings.json"),
            JsonSchema::Table => include_str!("json/table.json"),
        }
    }
}
