//! What a container's file system is made of.
//!
//! Owns the shapes of layers and mounts. How they are joined is decided in `kernel`.

use serde::Deserialize;

/// A descriptor: `{"fd": 0}` or `{"key": "layer-3"}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FdRef {
    /// By its place among the descriptors of this message.
    Fd(usize),
    /// By the name that an earlier `attach` gave it.
    Key(String),
}

/// A container's root file system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// What lies below, topmost first, all of it read-only.
    pub layers: Vec<Layer>,
    /// How much may be written above the layers.
    #[serde(default)]
    pub upper_bytes: Option<u64>,
    /// A directory of the host where large files lie, without names, instead of in memory.
    #[serde(default)]
    pub upper: Option<FdRef>,
}

/// One layer, seen at one path of the union.
///
/// An empty file `.wh.NAME` in a directory hides NAME in the layers below, and `.wh..wh..opq` hides all that is
/// below the directory (OCI image specification, layer.md, "Whiteouts").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "LayerFields")]
pub struct Layer {
    /// The absolute path in the union.
    pub at: String,
    /// What is there.
    pub source: LayerSource,
}

/// Where the content of a layer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerSource {
    /// A directory or a regular file of the host.
    Host {
        /// The directory or file, open for reading.
        fd: FdRef,
        /// Who owns its inodes.
        ids: Ids,
    },
    /// A symbolic link to this target.
    Symlink(String),
    /// A file that the message carries.
    Content {
        /// Its text.
        content: String,
        /// Its permission bits.
        mode: u32,
    },
    /// An empty directory.
    Directory {
        /// Its permission bits.
        mode: u32,
    },
    /// The tree in an EROFS image.
    Erofs {
        /// The image, open for reading.
        image: FdRef,
        /// The further files with data that its device table names.
        devices: Vec<FdRef>,
    },
}

/// Who owns the inodes of a host layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    /// User and group 0, whoever owns them on the host.
    #[default]
    Root,
    /// Whoever owns them on the host.
    Host,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerFields {
    at: String,
    fd: Option<FdRef>,
    ids: Option<Ids>,
    symlink: Option<String>,
    content: Option<String>,
    directory: Option<bool>,
    mode: Option<u32>,
    erofs: Option<FdRef>,
    devices: Option<Vec<FdRef>>,
}

impl TryFrom<LayerFields> for Layer {
    type Error = String;

    fn try_from(fields: LayerFields) -> Result<Self, String> {
        let LayerFields { at, fd, ids, symlink, content, directory, mode, erofs, devices } = fields;
        if let Some(image) = erofs {
            let others = (fd, symlink, content, directory, mode, ids);
            let alone = others == (None, None, None, None, None, None);
            let source = LayerSource::Erofs { image, devices: devices.unwrap_or_default() };
            return if alone { Ok(Self { at, source }) } else { Err(one_of(&at)) };
        }
        if devices.is_some() {
            return Err(one_of(&at));
        }
        let source = match (fd, symlink, content, directory) {
            (Some(fd), None, None, None) if mode.is_none() => LayerSource::Host { fd, ids: ids.unwrap_or_default() },
            (None, Some(target), None, None) if mode.is_none() && ids.is_none() => LayerSource::Symlink(target),
            (None, None, Some(content), None) if ids.is_none() => {
                LayerSource::Content { content, mode: mode.unwrap_or(0o644) }
            }
            (None, None, None, Some(true)) if ids.is_none() => LayerSource::Directory { mode: mode.unwrap_or(0o755) },
            _ => return Err(one_of(&at)),
        };
        Ok(Self { at, source })
    }
}

fn one_of(at: &str) -> String {
    format!("layer at {at}: exactly one of fd, symlink, content, directory, erofs, with its own fields")
}

/// One mount; `proc`, `sys`, `dev` and `tmp` come by themselves where no mount names them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Mount {
    /// A directory or file of the host.
    Bind {
        /// Where it appears.
        target: String,
        /// What appears.
        fd: FdRef,
        /// Whether writing answers EROFS.
        #[serde(default)]
        read_only: bool,
    },
    /// An empty file system in memory (tmpfs(5)).
    Tmpfs {
        /// Where it appears.
        target: String,
        /// How much fits, the pod's memory limit without it.
        #[serde(default)]
        size_bytes: Option<u64>,
        /// Permission bits of its root, 01777 without them.
        #[serde(default)]
        mode: Option<u32>,
    },
    /// Processes and kernel state (proc(5)).
    Proc {
        /// Where it appears.
        target: String,
    },
    /// Devices and kernel objects (sysfs(5)).
    Sysfs {
        /// Where it appears.
        target: String,
    },
    /// Device nodes.
    Dev {
        /// Where it appears.
        target: String,
    },
    /// Pseudo-terminals (pts(4)).
    Devpts {
        /// Where it appears.
        target: String,
    },
    /// POSIX message queues (mq_overview(7)).
    Mqueue {
        /// Where it appears.
        target: String,
    },
    /// POSIX shared memory (shm_overview(7)).
    Shm {
        /// Where it appears.
        target: String,
    },
    /// A volume of the pod, or a part of one.
    Volume {
        /// The volume's name.
        name: String,
        /// Where it appears.
        target: String,
        /// What of the volume appears: a directory, made where it is not there, or a regular file.
        #[serde(default)]
        sub_path: Option<String>,
        /// Whether writing answers EROFS.
        #[serde(default)]
        read_only: bool,
    },
    /// A file that the message carries.
    File {
        /// Where it appears.
        target: String,
        /// Its text.
        content: String,
        /// Its permission bits.
        mode: u32,
    },
}
