//! Answers: one for each request, in any order.
//!
//! Owns their shapes. Which one is given is decided in `sandbox`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The request's number.
    pub id: u64,
    /// What it gave.
    pub result: Result<Reply, Failure>,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Answer", 2)?;
        fields.serialize_field("id", &self.id)?;
        match &self.result {
            Ok(reply) => fields.serialize_field("ok", reply)?,
            Err(failure) => fields.serialize_field("error", failure)?,
        }
        fields.end()
    }
}

/// What a request that succeeded gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To `start` and `exec`.
    Started {
        /// The process, by the number that guests see.
        pid: u32,
    },
    /// To `stats`.
    Stats(Stats),
    /// To everything else.
    Done {},
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What the other side may decide by.
    pub kind: ErrorKind,
    /// What the user reads.
    pub message: String,
    /// With what the command line ends because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ErrorKind {
    /// The program is not in the image.
    NotFound,
    /// The program is there but cannot be executed.
    NotExecutable,
    /// The image's passwd or group file does not name the user or group.
    NoUser,
    /// No such container, process or attached descriptor.
    NoSuch,
    /// The request contradicts itself, the order of requests or the protocol.
    Invalid,
    /// The request is understood and not implemented.
    Unsupported,
    /// The host refused or lacks something that is needed.
    Host,
}

/// What is used at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// By container.
    pub containers: BTreeMap<String, ContainerStats>,
    /// The kernel's own.
    pub kernel: KernelStats,
    /// What left the pod and came in.
    pub network: NetworkStats,
    /// By volume: those whose use is known, because it is limited.
    pub volumes: BTreeMap<String, VolumeStats>,
}

/// Bytes since the kernel began, what stayed within the pod aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct NetworkStats {
    /// What guests have taken in.
    pub received_bytes: u64,
    /// What guests have sent.
    pub sent_bytes: u64,
}

/// How full a volume is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct VolumeStats {
    /// What it holds.
    pub used_bytes: u64,
    /// What it may hold.
    pub capacity_bytes: u64,
}

/// What one container uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ContainerStats {
    /// Memory of its processes and in-memory files.
    pub memory_bytes: u64,
    /// Processor time of its processes, in microseconds.
    pub cpu_usec: u64,
    /// How many processes there are.
    pub processes: u64,
    /// Of the memory, what in-memory files hold.
    pub tmpfs_bytes: u64,
    /// What it has written to its root file system, in memory or not.
    pub root_bytes: u64,
}

/// What the kernel process uses and has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KernelStats {
    /// Its resident memory.
    pub rss_bytes: u64,
    /// How many calls were answered, by name.
    pub calls: BTreeMap<String, u64>,
    /// How many calls were refused because there is no implementation, by name.
    pub unimplemented: BTreeMap<String, u64>,
}
