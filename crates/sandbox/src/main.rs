//! temp
use std::sync::Arc;
use kernel::{kernel::Kernel, pod::Pod, container::{Container, ContainerLimits}, task::{Pids, Credentials}, start::ProcessSpec, vfs::*, fs::{tmpfs::{Tmpfs, Options}, tmpfs::lower::*, stream::HostStream}};
use std::os::fd::AsFd;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let file = std::fs::File::open(&args[1]).unwrap();
    platform::host::prepare().unwrap();
    let proc_dir: std::os::fd::OwnedFd = std::fs::File::open("/proc").unwrap().into();
    platform::process::prepare();
    let t0 = std::time::Instant::now();
    println!("{:?}", platform::notify::isolate());
    println!("isolate {:?}", t0.elapsed());
    let platform = Arc::new(platform::notify::Notify::new(proc_dir).unwrap());
    let kernel = Kernel::new(platform, Pod::new("test"));
    let fd = Arc::new(std::os::fd::OwnedFd::from(file));
    let st = platform::host::stat(fd.as_fd()).unwrap();
    let fs = Tmpfs::above(LowerNode { stat: abi::stat::Stat { mode: 0o40755, ino: 2, nlink: 2, ..Default::default() }, content: LowerContent::Directory(Arc::new(D(fd, st))) }, Options::sized(64 << 20)).unwrap();
    let mounts = Mounts::new(Mount::new(fs.clone(), b"none", MountFlags::empty()));
    let container = Container::new(&kernel, "c", mounts, Pids::new(0), ContainerLimits::default());
    kernel.add_container(&container);
    let s = |fd: i32| OpenFile::anonymous(HostStream::new(&kernel, if fd == 0 { std::io::stdin().as_fd().try_clone_to_owned().unwrap() } else { std::io::stdout().as_fd().try_clone_to_owned().unwrap() }).unwrap(), OpenFlags::RDWR);
    let spec = ProcessSpec { arguments: vec![b"/prog".to_vec()], environment: vec![], directory: b"/".to_vec(), credentials: Credentials::user(0, 0, vec![]), umask: 0o22, streams: [s(0), s(1), s(1)], limits: vec![] };
    println!("spawn {:?}", t0.elapsed());
    match kernel.start(&container, spec) { Ok(p) => println!("started {:?}", p.pid), Err(e) => { println!("{e:?}"); return } }
    loop {
        kernel.step(None);
        let exits = kernel.exits.take();
        if !exits.is_empty() { println!("{exits:?} {:?}", t0.elapsed()); println!("{:?}", kernel.counts.by_name()); break }
    }
}

struct D(Arc<std::os::fd::OwnedFd>, abi::stat::Stat);
impl LowerDirectory for D {
    fn lookup(&self, name: &[u8]) -> Result<Option<LowerNode>, abi::Errno> {
        if name != b"prog" { return Ok(None) }
        let mut stat = self.1; stat.mode = 0o100755; stat.ino = 77;
        Ok(Some(LowerNode { stat, content: LowerContent::File(Arc::new(F(self.0.clone()))) }))
    }
    fn list(&self) -> Result<Vec<LowerEntry>, abi::Errno> { Ok(vec![]) }
}
struct F(Arc<std::os::fd::OwnedFd>);
impl LowerFile for F { fn open(&self) -> Result<Arc<std::os::fd::OwnedFd>, abi::Errno> { Ok(self.0.clone()) } }
