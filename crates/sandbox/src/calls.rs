//! Lists for people and tests: what can reach the host, what guests can call.

use std::fmt::Write;
use std::process::ExitCode;

/// Writes to standard output.
pub(crate) fn print(text: &str) -> ExitCode {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// `calls`: one line a host call, with its condition and why it is harmless.
pub(crate) fn print_reachable() -> ExitCode {
    let name = |number: u32| abi::nr::name(number).unwrap_or("?");
    let mut text = String::from("# Host calls that guest code reaches by itself.\n");
    for rule in platform::notify::RULES {
        let _ = writeln!(text, "guest\t{}\t{}\t{}", name(rule.number), rule.condition, rule.why);
    }
    text.push_str("\n# Host calls that the host lets past every seccomp filter; it kills who makes them by hand.\n");
    for (number, why) in platform::notify::UNFILTERED {
        let _ = writeln!(text, "unfiltered\t{}\t{why}", name(*number));
    }
    text.push_str("\n# Host calls that guest code makes after our kernel has checked them.\n");
    for (number, why) in platform::notify::CONTINUED {
        let _ = writeln!(text, "checked\t{}\t{why}", name(*number));
    }
    text.push_str("\n# Host calls that the kernel's own process can make.\n");
    for number in platform::confine::KERNEL_CALLS {
        let _ = writeln!(text, "kernel\t{}", name(*number));
    }
    for request in platform::confine::KERNEL_REQUESTS {
        let _ = writeln!(text, "kernel\tioctl\trequest {request:#x}");
    }
    for flags in platform::confine::KERNEL_SENDING {
        let _ = writeln!(text, "kernel\tsendmsg\tflags {flags:#x}");
    }
    text.push_str("\n# Host calls that the process makes which keeps a pid namespace alive.\n");
    for number in platform::confine::KEEPER_CALLS {
        let _ = writeln!(text, "keeper\t{}", name(*number));
    }
    text.push_str("\n# Host calls that a process makes which unpacks layers.\n");
    for number in platform::confine::UNPACKER_CALLS {
        let _ = writeln!(text, "unpacker\t{}", name(*number));
    }
    text.push_str("\n# Host calls that a node's switch can make.\n");
    for number in platform::confine::SWITCH_CALLS {
        let _ = writeln!(text, "switch\t{}", name(*number));
    }
    for (number, condition) in platform::confine::SWITCH_SOCKETS {
        let _ = writeln!(text, "switch\t{}\t{condition}", name(*number));
    }
    text.push_str("\n# Host calls that the spawner makes, from which guests are made, beside those that guests reach by themselves.\n");
    for number in platform::notify::SPAWNER_CALLS {
        let _ = writeln!(text, "spawner\t{}", name(*number));
    }
    print(&text)
}

/// `numbers`: one line a call.
pub(crate) fn print_numbers() -> ExitCode {
    let named = (0..1024).filter_map(|number| Some((number, abi::nr::name(number)?)));
    print(&named.map(|(number, name)| format!("{number}\t{name}\n")).collect::<String>())
}

/// `syscalls`: one line a call, `full` or `partial` with what is missing.
pub(crate) fn print_answered() -> ExitCode {
    let mut rows: Vec<_> = kernel::syscalls::table::all().collect();
    rows.sort_by_key(|row| row.number);
    let mut text = String::new();
    for row in rows {
        let state = if row.gap.is_empty() { "full" } else { "partial" };
        let _ = writeln!(text, "{}\t{}\t{state}\t{}", row.number, row.name, row.gap);
    }
    print(&text)
}
