//! Why something was not unpacked.

use std::io;

/// What a caller may decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not a layer, or one that cannot be unpacked as it says.
    InvalidLayer,
    /// It is larger than allowed.
    TooLarge,
    /// The disk is full.
    NoSpace,
    /// It is compressed in a way that is not known.
    Unsupported,
    /// The host failed otherwise.
    Host,
}

impl Reason {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::InvalidLayer => "InvalidLayer",
            Reason::TooLarge => "TooLarge",
            Reason::NoSpace => "NoSpace",
            Reason::Unsupported => "Unsupported",
            Reason::Host => "Host",
        }
    }
}

/// The one line that a user reads, and its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its kind.
    pub reason: Reason,
    /// One line.
    pub message: String,
}

/// What everything here answers.
pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Refusal {
        Refusal { reason, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(Reason::InvalidLayer, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Refusal {
        Refusal::new(Reason::TooLarge, message)
    }

    /// The same, with the entry that it happened at.
    pub(crate) fn at(self, name: &[u8]) -> Refusal {
        Refusal { message: format!("entry \"{}\": {}", name.escape_ascii(), self.message), ..self }
    }

    /// A failure to write the image.
    pub(crate) fn writing(error: &io::Error) -> Refusal {
        let full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        Refusal::new(if full { Reason::NoSpace } else { Reason::Host }, format!("the image cannot be written: {error}"))
    }
}

impl From<erofs::Error> for Refusal {
    fn from(error: erofs::Error) -> Refusal {
        let reason = match error {
            erofs::Error::Damaged(_) => Reason::InvalidLayer,
            erofs::Error::Unsupported(_) => Reason::Unsupported,
            erofs::Error::Host(_) => Reason::Host,
        };
        Refusal::new(reason, error.to_string())
    }
}
