//! A program to be run: its arguments, identity, directories and streams.
//!
//! Owns the shape only. Users and paths are looked up inside the image, by `kernel`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::FdRef;

/// One program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The program and its arguments. A name without a slash is looked up in PATH of `env`, inside the image.
    pub args: Vec<String>,
    /// `NAME=value`, in order. Without any, the usual PATH, HOME, HOSTNAME and, with a terminal, TERM.
    #[serde(default)]
    pub env: Vec<String>,
    /// The working directory, absolute.
    #[serde(default = "root")]
    pub cwd: String,
    /// `UID[:GID]`, `NAME[:GROUP]`, or nothing for root.
    #[serde(default)]
    pub user: String,
    /// Supplementary groups.
    #[serde(default)]
    pub groups: Vec<u32>,
    /// The file mode creation mask (umask(2)), 022 without it.
    #[serde(default)]
    pub umask: Option<u32>,
    /// Whether a pseudo-terminal is made for it.
    #[serde(default)]
    pub terminal: bool,
    /// Its streams.
    pub stdio: Stdio,
    /// Soft and hard limits by their names without `RLIMIT_` (getrlimit(2)).
    #[serde(default)]
    pub rlimits: BTreeMap<String, [u64; 2]>,
    /// Whether execve(2) may raise privileges (PR_SET_NO_NEW_PRIVS).
    #[serde(default)]
    pub no_new_privs: bool,
}

fn root() -> String {
    "/".into()
}

/// Where standard input, output and error go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "stdio is three descriptors or null, or a terminal with input, output, rows, columns"
)]
pub enum Stdio {
    /// Three descriptors; nothing means /dev/null.
    Streams([Option<FdRef>; 3]),
    /// A pseudo-terminal of the guest, joined to these descriptors.
    Terminal {
        /// Its other end.
        terminal: Terminal,
    },
}

/// The other end of a guest's pseudo-terminal, and its first size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// What is typed, raw: it goes to the line discipline.
    pub input: FdRef,
    /// Where the guest's output goes.
    pub output: FdRef,
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}
