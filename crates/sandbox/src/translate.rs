//! From the control protocol's words to the kernel's.
//!
//! Owns: descriptors by index or key, limits and users by name, default mounts and environment.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use abi::resource::Rlimit;
use control::{ErrorKind, Failure, FdRef, Ids, Layer, LayerSource, Mount};
use kernel::fs::erofs::{ErofsImage, Refused};
use kernel::fs::host::Shown;
use kernel::fs::overlay::{Layer as KernelLayer, Source};
use kernel::fs::root::{BuildError, MountSource, MountSpec, RootSpec};
use kernel::fs::tmpfs::Options;
use kernel::kernel::Kernel;
use kernel::net::inet::outside::Way;
use kernel::pod::Pod;
use kernel::start::{DEFAULT_PATH, StartError};
use kernel::task::{Pids, Resource};
use kernel::vfs::Path;
use kernel::volume::Source as VolumeSource;

/// Size of file systems in memory in a pod without limits.
const MEMORY_BYTES: u64 = 1 << 30;
/// How many threads a pod may have where nothing is said, as the kubelet's `podPidsLimit` is often set.
const PIDS_LIMIT: u64 = 4096;

/// A failure with its kind.
pub(crate) fn failure(kind: ErrorKind, message: impl Into<String>) -> Failure {
    Failure { kind, message: message.into(), exit_code: None }
}

/// A failure of the request itself.
pub(crate) fn invalid(message: impl Into<String>) -> Failure {
    failure(ErrorKind::Invalid, message)
}

/// A program that did not start, with the exit code that runc's users know.
pub(crate) fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::NotFound(message) => Failure { exit_code: Some(127), ..failure(ErrorKind::NotFound, message) },
        StartError::NotExecutable(message) => {
            Failure { exit_code: Some(126), ..failure(ErrorKind::NotExecutable, message) }
        }
        StartError::NoUser(message) => failure(ErrorKind::NoUser, message),
        StartError::Invalid(message) => failure(ErrorKind::Invalid, message),
        StartError::Stopped(message) => failure(ErrorKind::NoSuch, message),
        StartError::Host(message) => failure(ErrorKind::Host, message),
    }
}

/// The descriptors that a request can mean.
pub(crate) struct Descriptors<'d> {
    /// Those of its own message.
    pub(crate) sent: Vec<Option<OwnedFd>>,
    /// Those parked by `attach`.
    pub(crate) parked: &'d HashMap<String, (OwnedFd, bool)>,
}

impl Descriptors<'_> {
    /// The descriptor, to be owned.
    pub(crate) fn take(&mut self, reference: &FdRef) -> Result<OwnedFd, Failure> {
        match reference {
            FdRef::Fd(index) => {
                let fd = self.sent.get_mut(*index).and_then(Option::take);
                fd.ok_or_else(|| {
                    failure(ErrorKind::NoSuch, format!("fd {index}: the message carries no such descriptor"))
                })
            }
            FdRef::Key(key) => {
                let parked = self.parked.get(key);
                let (parked, _) =
                    parked.ok_or_else(|| failure(ErrorKind::NoSuch, format!("key {key}: nothing is attached")))?;
                let copy = parked.as_fd().try_clone_to_owned();
                copy.map_err(|error| failure(ErrorKind::Host, format!("key {key}: {error}")))
            }
        }
    }
}

/// What a container's layers and volumes need of the host's files, and whether they are written.
pub(crate) fn directories<'f>(start: &control::Start, sent: &'f [Option<OwnedFd>]) -> Vec<(BorrowedFd<'f>, bool)> {
    let layers = start.root.layers.iter().filter_map(|layer| match &layer.source {
        LayerSource::Host { fd: FdRef::Fd(index), .. } => Some((*index, false)),
        _ => None,
    });
    let volumes = start.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { fd: FdRef::Fd(index), read_only, .. } => Some((*index, !read_only)),
        _ => None,
    });
    let upper = start.root.upper.iter().filter_map(|upper| match upper {
        FdRef::Fd(index) => Some((*index, true)),
        FdRef::Key(_) => None,
    });
    let found = layers.chain(volumes).chain(upper);
    found.filter_map(|(index, writable)| Some((sent.get(index)?.as_ref()?.as_fd(), writable))).collect()
}

/// The tree of a container.
pub(crate) fn root(
    kernel: &Arc<Kernel>,
    pids: &Arc<Pids>,
    start: &control::Start,
    fds: &mut Descriptors<'_>,
) -> Result<RootSpec, Failure> {
    let standard = |target: &str| standard(kernel, pids, target);
    let layers = start.root.layers.iter().map(|given| layer(given, fds)).collect::<Result<Vec<_>, _>>()?;
    let mut mounts = defaults(&standard, &start.mounts)?;
    for given in &start.mounts {
        mounts.push(mount(kernel, &standard, given, fds)?);
    }
    Ok(RootSpec {
        layers,
        upper: start.root.upper.as_ref().map(|upper| fds.take(upper)).transpose()?,
        upper_bytes: start.root.upper_bytes.or(start.limits.upper_bytes),
        read_only: start.read_only_root,
        mounts,
        masked_paths: start.masked_paths.iter().map(|path| path.clone().into_bytes()).collect(),
        read_only_paths: start.readonly_paths.iter().map(|path| path.clone().into_bytes()).collect(),
    })
}

/// Why a tree cannot be built, with the path.
pub(crate) fn build_failure(error: &BuildError) -> Failure {
    invalid(format!("mount {}: {}", error.path, error.errno.text().to_lowercase()))
}

/// An image with the files of its device table; `whose` says of what.
fn erofs(
    image: &FdRef,
    devices: &[FdRef],
    fds: &mut Descriptors<'_>,
    whose: impl Fn() -> String,
) -> Result<Arc<ErofsImage>, Failure> {
    let (image, devices) = (fds.take(image)?, devices.iter().map(|device| fds.take(device)));
    let opened = ErofsImage::open(image, devices.collect::<Result<_, _>>()?);
    opened.map_err(|Refused(error)| invalid(format!("{}: {error}", whose())))
}

fn layer(given: &Layer, fds: &mut Descriptors<'_>) -> Result<KernelLayer, Failure> {
    let source = match &given.source {
        LayerSource::Host { fd, ids } => Source::Host { fd: fds.take(fd)?, host_ids: *ids == Ids::Host },
        LayerSource::Symlink(target) => Source::Symlink(target.clone().into_bytes()),
        LayerSource::Content { content, mode } => Source::Bytes { bytes: content.as_bytes().into(), mode: *mode },
        LayerSource::Directory { mode } => Source::Directory { mode: *mode },
        LayerSource::Erofs { image, devices } => {
            Source::Erofs(erofs(image, devices, fds, || format!("layer at {}", given.at))?)
        }
    };
    Ok(KernelLayer { at: given.at.clone().into_bytes(), source })
}

/// The file systems of the kernel's own, by where they usually are.
type Standard<'s> = dyn Fn(&str) -> Result<MountSource, Failure> + 's;

/// What every container has unless a mount names the place.
fn defaults(standard: &Standard<'_>, given: &[Mount]) -> Result<Vec<MountSpec>, Failure> {
    let wanted = ["/proc", "/sys", "/sys/fs/cgroup", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"];
    let named = |target: &str| given.iter().any(|mount| target_of(mount).trim_end_matches('/') == target);
    let missing = wanted.into_iter().filter(|target| !named(target));
    missing.map(|target| Ok(MountSpec { target: target.into(), what: standard(target)? })).collect()
}

fn standard(kernel: &Arc<Kernel>, pids: &Arc<Pids>, target: &str) -> Result<MountSource, Failure> {
    let refuse = |errno: Errno| failure(ErrorKind::Host, format!("mount {target}: {errno}"));
    Ok(match target {
        "/proc" => MountSource::System(kernel::fs::proc::new(pids)),
        "/sys" => MountSource::System(kernel::fs::sysfs::new(kernel)),
        "/sys/fs/cgroup" => MountSource::System(kernel::fs::cgroup::new()),
        "/dev" => MountSource::System(kernel::fs::dev::new().map_err(refuse)?),
        "/dev/pts" => MountSource::System(kernel::fs::devpts::DevPts::new(kernel)),
        "/dev/shm" => MountSource::Volume { place: kernel.volumes.shm(), read_only: false },
        _ => MountSource::Memory { bytes: 1 << 20, mode: 0o1777 },
    })
}

fn target_of(mount: &Mount) -> &str {
    match mount {
        Mount::Bind { target, .. }
        | Mount::Tmpfs { target, .. }
        | Mount::Proc { target }
        | Mount::Sysfs { target }
        | Mount::Dev { target }
        | Mount::Devpts { target }
        | Mount::Mqueue { target }
        | Mount::Shm { target }
        | Mount::Volume { target, .. }
        | Mount::File { target, .. } => target,
    }
}

fn mount(
    kernel: &Arc<Kernel>,
    standard: &Standard<'_>,
    given: &Mount,
    fds: &mut Descriptors<'_>,
) -> Result<MountSpec, Failure> {
    let target = target_of(given);
    if !target.starts_with('/') {
        return Err(invalid(format!("mount target {target}: not an absolute path")));
    }
    let what = match given {
        Mount::Bind { fd, read_only, .. } => MountSource::Host { fd: fds.take(fd)?, read_only: *read_only },
        Mount::Tmpfs { size_bytes, mode, .. } => MountSource::Memory {
            bytes: size_bytes.unwrap_or_else(|| memory_bytes(kernel)),
            mode: mode.unwrap_or(0o1777),
        },
        Mount::Volume { name, sub_path, read_only, .. } => {
            let place = volume_part(kernel, name, sub_path.as_deref(), *read_only)?;
            MountSource::Volume { place, read_only: *read_only }
        }
        Mount::File { content, mode, .. } => MountSource::Bytes { bytes: content.as_bytes().into(), mode: *mode },
        Mount::Proc { .. } => standard("/proc")?,
        Mount::Sysfs { .. } => standard("/sys")?,
        Mount::Dev { .. } => standard("/dev")?,
        Mount::Devpts { .. } => standard("/dev/pts")?,
        Mount::Shm { .. } => standard("/dev/shm")?,
        Mount::Mqueue { .. } => standard("/dev/mqueue")?,
    };
    Ok(MountSpec { target: target.as_bytes().to_vec(), what })
}

/// A connection that did not come about, in the words of Go's dialer.
pub(crate) fn dial_failure(way: Way, errno: Errno) -> Failure {
    let text = errno.text().to_lowercase();
    failure(ErrorKind::NoSuch, format!("dial tcp {}: connect: {text}", way.to))
}

fn volume_part(kernel: &Arc<Kernel>, name: &str, sub_path: Option<&str>, read_only: bool) -> Result<Path, Failure> {
    let whole = kernel.volumes.get(name);
    let whole =
        whole.ok_or_else(|| failure(ErrorKind::NoSuch, format!("volume {name}: there is none of that name")))?;
    let Some(part) = sub_path.filter(|part| !part.is_empty()) else { return Ok(whole) };
    if part.starts_with('/') || part.split('/').any(|name| name == "..") {
        return Err(invalid(format!("volume {name}: sub_path {part}: it must be relative and without `..`")));
    }
    let found = kernel::volume::part(&whole, part.as_bytes(), read_only);
    found.map_err(|errno| invalid(format!("volume {name}: sub_path {part}: {}", errno.text().to_lowercase())))
}

/// The size of a file system in memory where nothing is said: what the pod may use.
fn memory_bytes(kernel: &Kernel) -> u64 {
    kernel.pod.memory_bytes.unwrap_or(MEMORY_BYTES)
}

/// What a volume is made of.
pub(crate) fn volume(
    kernel: &Arc<Kernel>,
    given: &control::Volume,
    fds: &mut Descriptors<'_>,
) -> Result<VolumeSource, Failure> {
    Ok(match &given.source {
        control::VolumeSource::Host { fd, read_only } => {
            let (gid, uid) = (given.gid, given.uid);
            let shown = Shown { gid, uid, read_only: *read_only, bytes: given.size_bytes };
            VolumeSource::Host(fds.take(fd)?, shown)
        }
        control::VolumeSource::Image { image, devices } => {
            VolumeSource::Image(erofs(image, devices, fds, || format!("volume {}", given.name))?)
        }
        control::VolumeSource::Memory { mode } => {
            let shared = if given.gid.is_some() { 0o2770 } else { 0 };
            let sized = Options::sized(given.size_bytes.unwrap_or_else(|| memory_bytes(kernel)));
            VolumeSource::Memory(Options { mode: mode | shared, gid: given.gid.unwrap_or(0), ..sized })
        }
    })
}

/// Limits by their names.
pub(crate) fn limits(process: &control::Process) -> Result<Vec<(Resource, Rlimit)>, Failure> {
    let named = |(name, [soft, hard]): (&String, &[u64; 2])| {
        let resource =
            Resource::named(name).ok_or_else(|| invalid(format!("rlimit {name}: there is no such limit")))?;
        if soft > hard {
            return Err(invalid(format!("rlimit {name}: the soft limit {soft} is above the hard limit {hard}")));
        }
        Ok((resource, Rlimit { soft: *soft, hard: *hard }))
    };
    process.rlimits.iter().map(named).collect()
}

/// The environment, with what Docker's users expect where it lacks it; HOME comes with the user.
pub(crate) fn environment(process: &control::Process, hostname: &str) -> Vec<Vec<u8>> {
    let mut environment: Vec<Vec<u8>> = process.env.iter().map(|entry| entry.clone().into_bytes()).collect();
    let mut add = |name: &str, value: &str| {
        let prefix = format!("{name}=").into_bytes();
        if !environment.iter().any(|entry| entry.starts_with(&prefix)) {
            environment.push([prefix, value.as_bytes().to_vec()].concat());
        }
    };
    add("PATH", DEFAULT_PATH);
    add("HOSTNAME", hostname);
    if process.terminal {
        add("TERM", "xterm");
    }
    environment
}

/// The pod as the kernel keeps it. Nobody is without limits: a guest that grows without end must end
/// before the host does.
pub(crate) fn pod(given: &control::Pod) -> Pod {
    let mut pod = Pod::new(&given.hostname);
    if let Some(domainname) = &given.domainname {
        pod.uts.get_mut().domainname = domainname.clone().into_bytes();
    }
    pod.memory_bytes = given.memory_bytes.or_else(|| Some(platform::machine::memory().total / 4 * 3));
    pod.pids_limit = given.pids_limit.or(Some(PIDS_LIMIT));
    pod.cpus = given.cpus;
    pod
}
