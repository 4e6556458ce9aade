//! What the containers of a pod share as files.
//!
//! Owns the shape only. How a volume is kept is decided in `kernel`.

use serde::Deserialize;

use crate::FdRef;

/// A volume of the pod, known by its name to the mounts of every container.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "VolumeFields")]
pub struct Volume {
    /// Its name, unique in the pod.
    pub name: String,
    /// What it holds.
    pub source: VolumeSource,
    /// How much fits; more is ENOSPC.
    pub size_bytes: Option<u64>,
    /// The group that owns it (Pod `spec.securityContext.fsGroup`).
    pub gid: Option<u32>,
    /// Who owns host files that have the sticky bit.
    pub uid: Option<u32>,
}

/// Where a volume's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeSource {
    /// A directory or a regular file of the host.
    Host {
        /// Its descriptor.
        fd: FdRef,
        /// Whether writing answers EROFS in every container.
        read_only: bool,
    },
    /// The tree in an EROFS image; nobody can write to it.
    Image {
        /// The image.
        image: FdRef,
        /// The files of its device table, in that order.
        devices: Vec<FdRef>,
    },
    /// Nowhere: it is empty at first, and gone with the pod.
    Memory {
        /// Permission bits of its root.
        mode: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VolumeFields {
    name: String,
    fd: Option<FdRef>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    memory: bool,
    mode: Option<u32>,
    size_bytes: Option<u64>,
    gid: Option<u32>,
    uid: Option<u32>,
    erofs: Option<FdRef>,
    #[serde(default)]
    devices: Vec<FdRef>,
}

impl TryFrom<VolumeFields> for Volume {
    type Error = String;

    fn try_from(fields: VolumeFields) -> Result<Self, String> {
        let VolumeFields { name, fd, read_only, memory, mode, size_bytes, gid, uid, erofs, devices } = fields;
        let source = match (fd, memory, erofs) {
            (None, false, Some(image)) if mode.or(gid).or(uid).is_none() && size_bytes.is_none() => {
                VolumeSource::Image { image, devices }
            }
            (Some(fd), false, None) if mode.is_none() => VolumeSource::Host { fd, read_only },
            (None, true, None) if !read_only && uid.is_none() => VolumeSource::Memory { mode: mode.unwrap_or(0o777) },
            _ => return Err(format!("volume {name}: fd with read_only, memory with mode, or erofs with devices")),
        };
        Ok(Self { name, source, size_bytes, gid, uid })
    }
}
