//! Why did rows not come? Named by what can be done about it; never with a secret, a query or a row.

use std::io;

use thiserror::Error;

use crate::spec::template::TemplateError;

/// Why a pull brought nothing that stands.
#[derive(Debug, Error)]
pub enum ExtractError {
    /// The system is down, slow or busy; another night may find it well.
    #[error("{what} had no whole answer in {attempts} attempts: {why}")]
    Unavailable {
        /// System, stream and page.
        what: String,
        /// How often it was asked.
        attempts: u32,
        /// The last fault.
        why: String,
    },
    /// The gateway said no; asking again says the same.
    #[error("{what} was refused: {why}")]
    Refused {
        /// System, stream and page.
        what: String,
        /// The gateway's own words.
        why: String,
    },
    /// The connector forbids to ask at this hour; a night at another one may.
    #[error(
        "{what} is asked only at {hours}, and it is {now}; move the night, or `hours` in [http.limit]"
    )]
    OutOfHours {
        /// System, stream and page.
        what: String,
        /// The hours of the connector.
        hours: String,
        /// The time of day there.
        now: String,
    },
    /// Pages never added up to a whole slice.
    #[error("{what} kept changing while it was read, {attempts} attempts: {why}")]
    Unsteady {
        /// System, stream and slice.
        what: String,
        /// How often the slice was asked.
        attempts: u32,
        /// The last doubt.
        why: String,
    },
    /// More pages than any source has.
    #[error("{what} has pages without end: {pages} were read")]
    Endless {
        /// System, stream and slice.
        what: String,
        /// How many were read.
        pages: u32,
    },
    /// A file or an answer that is no table.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// The file and sheet, or the system, stream and page.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file that was still being written.
    #[error("file `{file}` changed while it was read")]
    Changing {
        /// The file.
        file: String,
    },
    /// A file or folder that cannot be opened.
    #[error("`{file}` cannot be opened")]
    Closed {
        /// The file or folder.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A secret or an environment variable that the connector needs.
    #[error("a value of connector `{system}` is not known")]
    Unset {
        /// The system.
        system: String,
        /// Which.
        #[source]
        source: TemplateError,
    },
    /// A setting of the connector that cannot be used.
    #[error("connector `{system}` cannot be used: {why}")]
    Setting {
        /// The system.
        system: String,
        /// What is wrong.
        why: String,
    },
    /// The rows could not be landed.
    #[error("rows cannot be landed")]
    Landing(#[source] io::Error),
    /// The rows that were asked for came; no more are wanted.
    #[error("enough rows came")]
    Enough,
}

impl ExtractError {
    /// It and its causes, on one line.
    pub fn told(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(deeper) = cause {
            text.push_str(": ");
            text.push_str(&deeper.to_string());
            cause = deeper.source();
        }
        text
    }

    /// Whether the same pull may go well later with nothing mended here.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::OutOfHours { .. }
            | Self::Unsteady { .. }
            | Self::Changing { .. } => true,
            Self::Refused { .. }
            | Self::Endless { .. }
            | Self::Unreadable { .. }
            | Self::Closed { .. }
            | Self::Unset { .. }
            | Self::Setting { .. }
            | Self::Landing(_)
            | Self::Enough => false,
        }
    }
}
