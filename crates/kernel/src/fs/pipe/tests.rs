use abi::Errno;

use super::*;
use crate::vfs::File;

fn pair(flags: OpenFlags) -> (Arc<OpenFile>, Arc<OpenFile>) {
    Pipe::pair(&Credentials::user(1, 1, Vec::new()), flags)
}

fn read(file: &OpenFile, most: usize) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; most];
    let count = file.file().read(&mut buffer, 0)?;
    buffer.truncate(count);
    Ok(buffer)
}

#[test]
fn what_is_written_is_read_in_order_and_then_the_reader_waits() {
    let (reader, writer) = pair(OpenFlags::empty());
    assert_eq!(read(&reader, 10), Err(Errno::EAGAIN));
    assert_eq!(writer.file().write(b"hello ", 0), Ok(6));
    assert_eq!(writer.file().write(b"world", 0), Ok(5));
    assert_eq!(read(&reader, 8), Ok(b"hello wo".to_vec()));
    assert_eq!(read(&reader, 8), Ok(b"rld".to_vec()));
    assert_eq!(read(&reader, 8), Err(Errno::EAGAIN));
}

#[test]
fn a_short_write_is_whole_or_not_at_all_and_a_long_one_may_be_cut() {
    let (reader, writer) = pair(OpenFlags::empty());
    assert_eq!(writer.file().write(&vec![1; 61000], 0), Ok(61000));
    assert_eq!(
        writer.file().write(&[3; 5000], 0),
        Ok(4096),
        "one page is free, and 904 bytes do not fit into the last"
    );
    assert_eq!(writer.file().write(&[2; 4096], 0), Err(Errno::EAGAIN));
    assert!(!writer.file().poll().contains(Events::OUT));
    assert_eq!(read(&reader, 70000).map(|all| all.len()), Ok(65096));
    assert!(writer.file().poll().contains(Events::OUT));
}

#[test]
fn an_end_that_closes_is_an_end_of_file_or_a_broken_pipe() {
    let (reader, writer) = pair(OpenFlags::empty());
    writer.file().write(b"x", 0).expect("there is room");
    drop(writer);
    assert_eq!(reader.file().poll(), Events::IN | Events::RDNORM | Events::HUP);
    assert_eq!(read(&reader, 5), Ok(b"x".to_vec()));
    assert_eq!(read(&reader, 5), Ok(Vec::new()));

    let (reader, writer) = pair(OpenFlags::empty());
    drop(reader);
    assert_eq!(writer.file().write(b"x", 0), Err(Errno::EPIPE));
    assert!(writer.file().poll().contains(Events::ERR));
}

#[test]
fn packets_are_read_one_by_one_and_their_rest_is_lost() {
    let (reader, writer) = pair(OpenFlags::DIRECT);
    writer.file().write(b"first", 0).expect("there is room");
    writer.file().write(b"second", 0).expect("there is room");
    assert_eq!(read(&reader, 3), Ok(b"fir".to_vec()));
    assert_eq!(read(&reader, 100), Ok(b"second".to_vec()));
}

#[test]
fn the_size_is_rounded_to_powers_of_two_and_never_below_what_is_held() {
    let (_reader, writer) = pair(OpenFlags::empty());
    let end = writer.downcast::<PipeEnd>().expect("it is a pipe");
    assert_eq!(end.pipe().set_capacity(5000, false), Ok(8192));
    writer.file().write(&[0; 8000], 0).expect("there is room");
    assert_eq!(end.pipe().set_capacity(4096, false), Err(Errno::EBUSY));
    assert_eq!(end.pipe().set_capacity(2 << 20, false), Err(Errno::EPERM));
    assert_eq!(end.pipe().set_capacity(2 << 20, true), Ok(2 << 20));
}

#[test]
fn a_fifo_is_opened_once_both_sides_came() {
    let pipe = Pipe::new(&Credentials::user(0, 0, Vec::new()));
    let name: Arc<dyn crate::vfs::Inode> = PipeInode::new(Arc::clone(&pipe));
    let reading = OpenFlags::empty();
    let reader = PipeEnd::open(Arc::clone(&pipe), Some(Arc::clone(&name)), reading);
    assert_eq!(reader.opening(reading), Err(Errno::EAGAIN));
    assert_eq!(reader.opening(OpenFlags::NONBLOCK), Ok(()));
    assert!(!reader.poll().contains(Events::HUP), "no writer has come yet");
    let writer = PipeEnd::open(Arc::clone(&pipe), Some(Arc::clone(&name)), OpenFlags::WRONLY);
    assert_eq!(writer.opening(OpenFlags::WRONLY), Ok(()));
    drop(writer);
    assert_eq!(reader.opening(reading), Ok(()), "the writer came and went");
    assert!(reader.poll().contains(Events::HUP));
    drop(reader);
    let alone = PipeEnd::open(pipe, Some(name), OpenFlags::WRONLY);
    assert_eq!(alone.opening(OpenFlags::WRONLY | OpenFlags::NONBLOCK), Err(Errno::ENXIO));
}
