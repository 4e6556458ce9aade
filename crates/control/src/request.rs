//! Requests: what the other side may ask for.
//!
//! Owns their shapes and the reading of a frame as one of them. What they do is decided in `sandbox`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Mount, Process, Root, Volume};

/// One request; every one is answered by an [`Answer`](crate::Answer) with the same `id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Chosen by the sender, and given back.
    pub id: u64,
    /// What is asked.
    pub operation: Operation,
}

/// A frame that is no request. Where its `id` could be read, the sender deserves an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The request's number, if it had one.
    pub id: Option<u64>,
    /// What is wrong, naming the operation and the field.
    pub message: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}

/// Everything that can be asked, named on the wire by the field `op` in lower case.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Describes the pod. Comes first, and once.
    Create(Create),
    /// Parks the message's one descriptor under a name.
    Attach(Attach),
    /// Makes a volume known to the mounts of later containers.
    Volume(Volume),
    /// Tells that the host has changed a volume.
    Changed(Changed),
    /// Starts a container; answered once its program runs.
    Start(Box<Start>),
    /// Runs one more program in a container.
    Exec(Box<Exec>),
    /// Sends a signal to a process, or to all of a container.
    Signal(Signal),
    /// Tells a terminal its new size.
    Resize(Resize),
    /// Kills a container; answered when nothing of it is left.
    Stop(ContainerName),
    /// Connects to a port of the pod and joins the message's one descriptor to it.
    Dial(Dial),
    /// Joins the pod to its node's switch, by the message's one descriptor.
    Network,
    /// Asks for what is used.
    Stats,
    /// Asks whether the kernel still answers.
    Ping,
    /// Kills everything and ends the process with exit code 0.
    Shutdown,
}

/// `create`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The pod that this kernel is for.
    pub pod: Pod,
}

/// What all containers of a pod share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// The UTS node name.
    pub hostname: String,
    /// The NIS domain name.
    #[serde(default)]
    pub domainname: Option<String>,
    /// Limit on the memory of all containers together.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Limit on the tasks of all containers together.
    #[serde(default)]
    pub pids_limit: Option<u64>,
    /// Processors' worth of time.
    #[serde(default)]
    pub cpus: Option<f64>,
    /// Whether the containers see one another's processes (Pod `spec.shareProcessNamespace`).
    #[serde(default)]
    pub shared_pid: bool,
    /// The pod's addresses besides loopback.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Values below /proc/sys, by their dotted names (sysctl(8)).
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
}

/// `attach`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    /// The name by which a later [`FdRef::Key`](crate::FdRef::Key) means the descriptor.
    pub key: String,
    /// Whether a later mount writes below it: after the first `start` nothing more can be reached.
    #[serde(default)]
    pub writable: bool,
}

/// `changed`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The volume.
    pub volume: String,
    /// The name at its top that was replaced.
    pub name: String,
}

/// `start`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The container's name, unique in the pod.
    pub container: String,
    /// Its root file system.
    pub root: Root,
    /// What is mounted over the root, in order.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Its first process.
    pub process: Process,
    /// The container's own limits, within the pod's.
    #[serde(default)]
    pub limits: Limits,
    /// Whether writing to the root answers EROFS.
    #[serde(default)]
    pub read_only_root: bool,
    /// Paths that appear empty (OCI runtime specification, `maskedPaths`).
    #[serde(default)]
    pub masked_paths: Vec<String>,
    /// Paths that cannot be written (OCI runtime specification, `readonlyPaths`).
    #[serde(default)]
    pub readonly_paths: Vec<String>,
}

/// Limits of one container; what is absent is bounded by the pod alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory of all its processes and in-memory files.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Tasks.
    #[serde(default)]
    pub pids_limit: Option<u64>,
    /// What may be written to the root.
    #[serde(default)]
    pub upper_bytes: Option<u64>,
}

/// `exec`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    /// The container to run in.
    pub container: String,
    /// The program.
    pub process: Process,
}

/// `signal`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The container.
    pub container: String,
    /// The process, by the number that guests see.
    pub pid: u32,
    /// The signal's Linux number.
    pub signal: u8,
    /// Every process of the container instead of the one.
    #[serde(default)]
    pub all: bool,
}

/// `resize`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// The container.
    pub container: String,
    /// The process that was started with the terminal.
    pub pid: u32,
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}

/// `stop`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerName {
    /// The container.
    pub container: String,
}

/// `dial`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// The TCP port.
    pub port: u16,
    /// Loopback or an address of the pod; its first one, or loopback, without it.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// Who the server sees as its peer; the first address of the pod's network without it.
    #[serde(default)]
    pub source: Option<IpAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Request {
    /// Reads the JSON text of one frame.
    ///
    /// # Errors
    /// When it is not JSON, not a known operation, or has a field missing, unknown or of another type.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| Malformed { id: None, message: format!("not a JSON object: {error}") })?;
        let id = fields.remove("id").and_then(|id| id.as_u64());
        let refuse = |message: String| Malformed { id, message };
        let Some(Value::String(name)) = fields.remove("op") else {
            return Err(refuse("a request without `op`".into()));
        };
        let Some(number) = id else {
            return Err(refuse(format!("{name}: a request without a number as `id`")));
        };
        let operation = Operation::parse(&name, Value::Object(fields)).map_err(refuse)?;
        Ok(Self { id: number, operation })
    }
}

impl Operation {
    fn parse(name: &str, fields: Value) -> Result<Self, String> {
        fn read<T: DeserializeOwned>(name: &str, fields: Value) -> Result<T, String> {
            let text = fields.to_string();
            serde_json::from_str(&text).map_err(|error| refusal(name, &text, &error))
        }
        Ok(match name {
            "create" => Self::Create(read(name, fields)?),
            "attach" => Self::Attach(read(name, fields)?),
            "volume" => Self::Volume(read(name, fields)?),
            "changed" => Self::Changed(read(name, fields)?),
            "start" => Self::Start(read(name, fields)?),
            "exec" => Self::Exec(read(name, fields)?),
            "signal" => Self::Signal(read(name, fields)?),
            "resize" => Self::Resize(read(name, fields)?),
            "stop" => Self::Stop(read(name, fields)?),
            "dial" => Self::Dial(read(name, fields)?),
            "network" => read(name, fields).map(|Nothing {}| Self::Network)?,
            "stats" => read(name, fields).map(|Nothing {}| Self::Stats)?,
            "ping" => read(name, fields).map(|Nothing {}| Self::Ping)?,
            "shutdown" => read(name, fields).map(|Nothing {}| Self::Shutdown)?,
            _ => return Err(format!("unknown operation `{name}`")),
        })
    }
}

/// What is wrong, and with which field of the operation.
fn refusal(operation: &str, text: &str, error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    match crate::place::path(text, error.column()) {
        path if path.is_empty() => format!("{operation}: {words}"),
        path => format!("{operation}: {path}: {words}"),
    }
}
