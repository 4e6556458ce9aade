//! `podvisor-sandbox unpack`: layers of images become EROFS images, in a process that can do nothing else.
//!
//! Owns: the command line, the walls around this process, and its one line of JSON: what was made, or `error` and
//! `reason` with exit code 1. Does not own: how it is made (`unpack`). docs/images.md says what callers rely on.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::ExitCode;

use serde::Serialize;
use unpack::{Limits, Reason, Refusal};

/// What is taken where the caller says nothing: more than any image that is in use.
const MAX_BYTES: u64 = 64 << 30;
const MAX_ENTRIES: u64 = 4_000_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unpacked {
    #[serde(rename = "diffID")]
    diff_id: String,
    tar_bytes: u64,
    entries: u64,
    image_bytes: u64,
}

#[derive(Serialize)]
struct Refused<'r> {
    error: &'r str,
    reason: &'r str,
}

/// Does what the words say; nothing where they say nothing that is known.
pub(crate) fn main(words: &[&str]) -> Option<ExitCode> {
    match words {
        ["layer", "--output-fd", output, options @ ..] => {
            let limits = limits(options)?;
            Some(answer(|| layer(output, limits)))
        }
        ["merge", "--output-fd", output, layers @ ..] => Some(answer(|| merge(output, layers))),
        ["archive", "--layer-fd", layer, "--output-fd", output] => Some(answer(|| archive(layer, output))),
        ["export", "--image-fd", image, "--output-fd", output] => Some(answer(|| export(image, output))),
        ["list"] => Some(answer(|| list(None))),
        ["list", "--output-fd", output] => Some(answer(|| list(Some(output)))),
        _ => None,
    }
}

fn limits(options: &[&str]) -> Option<Limits> {
    let mut limits = Limits { max_bytes: MAX_BYTES, max_entries: MAX_ENTRIES };
    for option in options.chunks(2) {
        match option {
            ["--max-bytes", number] => limits.max_bytes = number.parse().ok()?,
            ["--max-entries", number] => limits.max_entries = number.parse().ok()?,
            _ => return None,
        }
    }
    Some(limits)
}

fn layer(output: &str, limits: Limits) -> Result<Unpacked, Refusal> {
    let [output] = &files(&[output])?[..] else { return Err(host("--output-fd: one descriptor")) };
    platform::confine::seal_unpacker();
    let summary = unpack::layer(std::io::stdin(), output, limits, confine)?;
    Ok(Unpacked {
        diff_id: hexadecimal(&summary.diff_id),
        tar_bytes: summary.tar_bytes,
        entries: summary.entries,
        image_bytes: summary.image_bytes,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Merged {
    inodes: u64,
    image_bytes: u64,
}

fn merge(output: &str, layers: &[&str]) -> Result<Merged, Refusal> {
    let files = files(&[&[output], layers].concat())?;
    let [output, layers @ ..] = &files[..] else { return Err(host("--output-fd: one descriptor")) };
    platform::confine::seal_unpacker();
    confine().map_err(|message| host(&message))?;
    let unpack::Merged { inodes, image_bytes } = unpack::merge(layers, output)?;
    Ok(Merged { inodes, image_bytes })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Archived {
    #[serde(rename = "diffID")]
    diff_id: String,
    tar_bytes: u64,
}

fn archive(layer: &str, output: &str) -> Result<Archived, Refusal> {
    let (layer, output) = sealed_pair(layer, output)?;
    let unpack::Archived { diff_id, tar_bytes } = unpack::archive(&layer, &output)?;
    Ok(Archived { diff_id: hexadecimal(&diff_id), tar_bytes })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    entries: u64,
    skipped: u64,
    tar_bytes: u64,
}

fn export(image: &str, output: &str) -> Result<Exported, Refusal> {
    let (image, output) = sealed_pair(image, output)?;
    let unpack::Exported { entries, skipped, tar_bytes } = unpack::export(&image, &output)?;
    Ok(Exported { entries, skipped, tar_bytes })
}

/// What is read and what is written by a process that can do nothing else any more.
fn sealed_pair(input: &str, output: &str) -> Result<(File, File), Refusal> {
    let files: [File; 2] = files(&[input, output])?.try_into().map_err(|_| host("two descriptors"))?;
    platform::confine::seal_unpacker();
    confine().map_err(|message| host(&message))?;
    Ok(files.into())
}

#[derive(Serialize)]
struct Member {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    link: String,
    offset: u64,
    size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    digest: String,
    tar_bytes: u64,
    more: bool,
    members: Vec<Member>,
}

fn list(output: Option<&str>) -> Result<Listing, Refusal> {
    let files = files(output.as_slice())?;
    platform::confine::seal_unpacker();
    let limits = Limits { max_bytes: MAX_BYTES, max_entries: MAX_ENTRIES };
    let unpack::Listing { members, more, digest, tar_bytes } =
        unpack::list(std::io::stdin(), files.first(), limits, confine)?;
    let member = |unpack::Member { name, link, offset, size }| Member { name, link, offset, size };
    let members = members.into_iter().map(member).collect();
    Ok(Listing { digest: hexadecimal(&digest), tar_bytes, more, members })
}

fn hexadecimal(digest: &[u8; 32]) -> String {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn confine() -> Result<(), String> {
    if platform::confine::filter_unpacker() { Ok(()) } else { Err("the host has no seccomp filters".into()) }
}

/// Takes over the descriptors of these numbers and closes all others but the standard streams.
fn files(numbers: &[&str]) -> Result<Vec<File>, Refusal> {
    let take = |number: &&str| number.parse().ok().and_then(platform::process::take_descriptor);
    let taken: Option<Vec<OwnedFd>> = numbers.iter().map(take).collect();
    let taken = taken.ok_or_else(|| host("a number that is not an open descriptor"))?;
    platform::process::close_all_but(&taken);
    Ok(taken.into_iter().map(File::from).collect())
}

fn host(message: &str) -> Refusal {
    Refusal { reason: Reason::Host, message: message.into() }
}

/// Prints the answer, also that of a broken invariant of ours.
fn answer<T: Serialize>(work: impl FnOnce() -> Result<T, Refusal> + std::panic::UnwindSafe) -> ExitCode {
    let broken = |_| Err(Refusal { reason: Reason::Host, message: "an invariant of the unpacker is broken".into() });
    match std::panic::catch_unwind(work).unwrap_or_else(broken) {
        Ok(made) => print(&made, ExitCode::SUCCESS),
        Err(Refusal { reason, message }) => {
            print(&Refused { error: &message, reason: reason.name() }, ExitCode::FAILURE)
        }
    }
}

fn print(line: &impl Serialize, code: ExitCode) -> ExitCode {
    let text = serde_json::to_string(line).unwrap_or_default();
    crate::calls::print(&format!("{text}\n"));
    code
}
