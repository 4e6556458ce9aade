//! The standard streams of a process: three descriptors of the host, or a terminal inside.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use control::{ErrorKind, Failure};
use kernel::container::Container;
use kernel::fs::devpts::DevPts;
use kernel::fs::stream::HostStream;
use kernel::kernel::Kernel;
use kernel::start::Streams;
use kernel::vfs::{OpenFile, OpenFlags};

use crate::terminal::Joined;
use crate::translate::{Descriptors, failure, invalid};

/// The streams that a process asks for, before its container is there.
pub(super) enum Wanted {
    Files([Option<Arc<OpenFile>>; 3]),
    Terminal { input: OwnedFd, output: OwnedFd, rows: u16, columns: u16 },
}

impl Wanted {
    pub(super) fn take(
        kernel: &Arc<Kernel>,
        process: &control::Process,
        fds: &mut Descriptors<'_>,
    ) -> Result<Wanted, Failure> {
        match &process.stdio {
            control::Stdio::Streams(streams) if !process.terminal => {
                let mut files = Vec::new();
                for (number, stream) in streams.iter().enumerate() {
                    files.push(match stream {
                        Some(reference) => Some(open_stream(kernel, number, fds.take(reference)?)?),
                        None => None,
                    });
                }
                let files = files.try_into().map_err(|_| invalid("stdio: three streams are needed"))?;
                Ok(Wanted::Files(files))
            }
            control::Stdio::Terminal { terminal } if process.terminal => Ok(Wanted::Terminal {
                input: fds.take(&terminal.input)?,
                output: fds.take(&terminal.output)?,
                rows: terminal.rows,
                columns: terminal.columns,
            }),
            _ => Err(invalid("stdio: a terminal's descriptors go with `terminal`, three streams without it")),
        }
    }

    pub(super) fn into_streams(
        self,
        kernel: &Arc<Kernel>,
        container: &Arc<Container>,
    ) -> Result<(Streams, Option<Joined>), Failure> {
        match self {
            Wanted::Files(files) => Ok((Streams::Files(files), None)),
            Wanted::Terminal { input, output, rows, columns } => {
                let refuse = |reason: String| failure(ErrorKind::Host, format!("terminal: {reason}"));
                let devpts = DevPts::below(&container.mounts.root());
                let devpts = devpts.ok_or_else(|| invalid("terminal: /dev/pts is not mounted in the container"))?;
                let terminal = devpts.host_terminal(0).map_err(|errno| refuse(errno.text().into()))?;
                terminal.resize(rows, columns);
                let tty = Arc::clone(terminal.tty());
                Ok((Streams::Terminal(tty), Some(Joined::new(kernel, terminal, input, output))))
            }
        }
    }
}

fn open_stream(kernel: &Arc<Kernel>, number: usize, fd: OwnedFd) -> Result<Arc<OpenFile>, Failure> {
    let flags = if number == 0 { OpenFlags::empty() } else { OpenFlags::WRONLY };
    let stream = HostStream::new(kernel, fd);
    let stream = stream.map_err(|errno| failure(ErrorKind::Host, format!("stdio {number}: {errno}")))?;
    Ok(OpenFile::anonymous(stream, flags))
}
