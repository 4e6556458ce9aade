//! The JSON under `fixtures/` as this side reads and writes it; the Python tests do the same from the other side.

use std::collections::BTreeMap;
use std::path::PathBuf;

use podvisor_control::{
    Answer, ContainerStats, ErrorKind, Event, Failure, FdRef, Ids, KernelStats, LayerSource, Mount, NetworkStats,
    Operation, Reply, Request, Stats, Stdio, VolumeSource, VolumeStats, encode,
};
use serde::Serialize;
use serde_json::Value;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).with_extension("json");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn request(name: &str) -> Operation {
    Request::parse(&fixture(&format!("requests/{name}"))).unwrap().operation
}

fn assert_written_as(message: &impl Serialize, name: &str) {
    let written: Value = serde_json::from_slice(&encode(message)[4..]).unwrap();
    let wanted: Value = serde_json::from_slice(&fixture(name)).unwrap();
    assert_eq!(written, wanted);
}

#[test]
fn every_request_of_the_contract_is_read() {
    let Operation::Create(create) = request("create") else { panic!("create") };
    assert_eq!(create.pod.addresses, ["10.244.0.7".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(create.pod.cpus, Some(0.5));
    assert!(matches!(request("attach"), Operation::Attach(attach) if attach.key == "layer-3"));
    assert!(matches!(request("signal"), Operation::Signal(signal) if (signal.pid, signal.signal) == (1, 15)));
    assert!(matches!(request("resize"), Operation::Resize(resize) if (resize.rows, resize.columns) == (50, 132)));
    assert!(matches!(request("stop"), Operation::Stop(named) if named.container == "app"));
    let Operation::Dial(dial) = request("dial") else { panic!("dial") };
    assert_eq!((dial.port, dial.address), (8080, Some("10.244.0.7".parse().unwrap())));
    assert_eq!(dial.source, Some("10.244.0.1".parse().unwrap()));
    let Operation::Changed(changed) = request("changed") else { panic!("changed") };
    assert_eq!((changed.volume.as_str(), changed.name.as_str()), ("config", "..data"));
    assert_eq!(request("stats"), Operation::Stats);
    assert_eq!(request("network"), Operation::Network);
    assert_eq!(request("ping"), Operation::Ping);
    assert_eq!(request("shutdown"), Operation::Shutdown);
}

#[test]
fn layers_and_mounts_are_told_apart_by_their_fields() {
    let Operation::Start(start) = request("start") else { panic!("start") };
    assert_eq!((start.root.upper_bytes, start.root.upper), (Some(1 << 30), Some(FdRef::Fd(5))));
    let sources: Vec<_> = start.root.layers.into_iter().map(|layer| layer.source).collect();
    assert_eq!(
        sources,
        [
            LayerSource::Content { content: "127.0.0.1 localhost\n".into(), mode: 0o644 },
            LayerSource::Directory { mode: 0o1777 },
            LayerSource::Symlink("usr/bin".into()),
            LayerSource::Host { fd: FdRef::Fd(3), ids: Ids::Root },
            LayerSource::Host { fd: FdRef::Key("layer-3".into()), ids: Ids::Host },
            LayerSource::Erofs { image: FdRef::Fd(6), devices: vec![FdRef::Fd(7), FdRef::Key("layer-4".into())] },
        ]
    );
    assert_eq!(start.mounts.len(), 10);
    assert_eq!(start.mounts[0], Mount::Bind { target: "/data".into(), fd: FdRef::Fd(4), read_only: true });
    let (name, target, sub_path) = ("data".into(), "/srv".into(), Some("www/site".into()));
    assert_eq!(start.mounts[1], Mount::Volume { name, target, sub_path, read_only: true });
    assert_eq!(start.process.stdio, Stdio::Streams([None, Some(FdRef::Fd(1)), Some(FdRef::Fd(2))]));
}

#[test]
fn a_volume_is_a_host_directory_or_memory() {
    let Operation::Volume(host) = request("volume-host") else { panic!("volume") };
    assert_eq!(host.source, VolumeSource::Host { fd: FdRef::Fd(0), read_only: false });
    assert_eq!((host.name.as_str(), host.size_bytes), ("data", Some(1 << 20)));
    assert_eq!((host.gid, host.uid), (Some(2000), Some(1000)));
    let Operation::Volume(memory) = request("volume-memory") else { panic!("volume") };
    assert_eq!(memory.source, VolumeSource::Memory { mode: 0o777 });
    assert_eq!((memory.size_bytes, memory.gid, memory.uid), (None, None, None));
    let Operation::Volume(image) = request("volume-image") else { panic!("volume") };
    let devices = vec![FdRef::Fd(1), FdRef::Fd(2)];
    assert_eq!(image.source, VolumeSource::Image { image: FdRef::Fd(0), devices });
    for body in [
        r#"{"id": 5, "op": "volume", "name": "v", "erofs": {"fd": 0}, "gid": 7}"#,
        r#"{"id": 5, "op": "volume", "name": "v"}"#,
        r#"{"id": 5, "op": "volume", "name": "v", "fd": {"fd": 0}, "memory": true}"#,
        r#"{"id": 5, "op": "volume", "name": "v", "fd": {"fd": 0}, "mode": 511}"#,
        r#"{"id": 5, "op": "volume", "name": "v", "memory": true, "read_only": true}"#,
    ] {
        let refused = Request::parse(body.as_bytes()).unwrap_err();
        assert!(refused.message.contains("volume v: fd with"), "{refused}");
    }
}

#[test]
fn a_process_may_have_a_terminal() {
    let Operation::Exec(exec) = request("exec") else { panic!("exec") };
    let Stdio::Terminal { terminal } = exec.process.stdio else { panic!("no terminal") };
    assert_eq!((terminal.rows, terminal.columns), (24, 80));
}

#[test]
fn an_unknown_field_is_refused_by_name_and_the_sender_can_be_answered() {
    for body in [
        r#"{"id": 5, "op": "stop", "container": "app", "colour": "red"}"#,
        r#"{"id": 5, "op": "stats", "colour": "red"}"#,
        r#"{"id": 5, "op": "create", "pod": {"hostname": "h", "colour": "red"}}"#,
    ] {
        let refused = Request::parse(body.as_bytes()).unwrap_err();
        assert_eq!(refused.id, Some(5));
        assert!(refused.message.contains("colour"), "{refused}");
    }
}

#[test]
fn a_refusal_names_the_field() {
    for (body, path) in [
        (r#"{"id": 5, "op": "dial", "port": 70000}"#, "dial: port: "),
        (r#"{"id": 5, "op": "dial", "port": 70000, "source": null}"#, "dial: port: "),
        (r#"{"id": 5, "op": "create", "pod": {"memory_bytes": 1}}"#, "create: pod: missing field `hostname`"),
        (r#"{"id": 5, "op": "create"}"#, "create: missing field `pod`"),
        (r#"{"id": 5, "op": "create", "pod": {"hostname": "h", "memory_bytes": -1}}"#, "create: pod.memory_bytes: "),
        (
            r#"{"id": 5, "op": "create", "pod": {"hostname": "h", "addresses": ["::1", "x"]}}"#,
            "create: pod.addresses[1]: ",
        ),
    ] {
        let refused = Request::parse(body.as_bytes()).unwrap_err();
        assert!(refused.message.starts_with(path), "{refused}");
    }
}

#[test]
fn a_layer_is_exactly_one_thing() {
    for layer in [
        r#"{"at": "/x"}"#,
        r#"{"at": "/x", "symlink": "y", "content": "z"}"#,
        r#"{"at": "/x", "symlink": "y", "mode": 511}"#,
        r#"{"at": "/x", "directory": false}"#,
    ] {
        let refused = serde_json::from_str::<podvisor_control::Layer>(layer).unwrap_err();
        assert!(refused.to_string().contains("layer at /x"), "{refused}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for body in ["", "[]", "7", "{}", r#"{"id": 1}"#, r#"{"id": -1, "op": "stats"}"#, r#"{"id": 1, "op": "reboot"}"#] {
        assert!(Request::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn answers_are_written_as_the_contract_says() {
    let answer = |id, result| Answer { id, result };
    assert_written_as(&answer(1, Ok(Reply::Done {})), "answers/done");
    assert_written_as(&answer(3, Ok(Reply::Started { pid: 1 })), "answers/started");
    let missing = Failure {
        kind: ErrorKind::NotFound,
        message: "exec: \"foo\": executable file not found in $PATH".into(),
        exit_code: Some(127),
    };
    assert_written_as(&answer(3, Err(missing)), "answers/failed");
    let invalid =
        Failure { kind: ErrorKind::Invalid, message: "exec: no container is named app".into(), exit_code: None };
    assert_written_as(&answer(4, Err(invalid)), "answers/failed-without-exit-code");
    let stats = Stats {
        containers: BTreeMap::from([(
            "app".into(),
            ContainerStats { memory_bytes: 4096, cpu_usec: 1500, processes: 2, tmpfs_bytes: 0, root_bytes: 512 },
        )]),
        kernel: KernelStats {
            rss_bytes: 3 << 20,
            calls: BTreeMap::from([("read".into(), 12)]),
            unimplemented: BTreeMap::from([("keyctl".into(), 1)]),
        },
        network: NetworkStats { received_bytes: 70, sent_bytes: 90 },
        volumes: BTreeMap::from([("data".into(), VolumeStats { used_bytes: 1024, capacity_bytes: 4096 })]),
    };
    assert_written_as(&answer(8, Ok(Reply::Stats(stats))), "answers/stats");
}

#[test]
fn events_are_written_as_the_contract_says() {
    let exited = |pid, code, signal, oom, init| Event::Exited { container: "app".into(), pid, code, signal, oom, init };
    assert_written_as(&exited(1, Some(3), None, false, true), "events/exited");
    assert_written_as(&exited(7, None, Some(9), true, false), "events/killed");
    assert_written_as(&Event::Fatal { message: "an inode was freed twice".into() }, "events/fatal");
}
