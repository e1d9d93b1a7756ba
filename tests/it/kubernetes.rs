//! deploy/: the manifests against the program and the file that they run.

mod manifest;

use crate::EMULATOR;
use crate::cloud::Place;
use domain::config::{Config, Routes, load};
use instance::DRAIN;
use manifest::read;
use reqwest::Method;
use ringback_tests::send;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kubernetes")
}

fn config() -> Config {
    let text = std::fs::read_to_string(folder().join("ringback.yml")).unwrap();
    let loaded = load(&text, "ringback.yml");
    loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn pod() -> Value {
    read(&folder().join("deployment.yaml"))["spec"]["template"].clone()
}

fn container() -> Value {
    pod()["spec"]["containers"][0].clone()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|text| text.as_str().expect("text")).collect()
}

/// The container's ports, by name.
fn ports() -> BTreeMap<String, u64> {
    let ports = container()["ports"].as_array().unwrap().clone();
    let port = |port: &Value| (port["name"].as_str().unwrap().to_owned(), port["containerPort"].as_u64().unwrap());
    ports.iter().map(port).collect()
}

#[test]
fn every_manifest_reads_and_is_one_that_is_applied() {
    let kustomization = read(&folder().join("kustomization.yaml"));
    let listed: BTreeSet<&str> = texts(&kustomization["resources"]).into_iter().collect();
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> =
        files.filter(|name| name.ends_with(".yaml") && name != "kustomization.yaml").collect();
    assert_eq!(listed, files.iter().map(String::as_str).collect());
    for name in files {
        let manifest = read(&folder().join(&name));
        assert!(manifest["apiVersion"].is_string() && manifest["kind"].is_string(), "{name}");
        assert_eq!(manifest["metadata"]["name"], "ringback", "{name}");
    }
    let named: Vec<&Value> =
        kustomization["configMapGenerator"].as_array().unwrap().iter().map(|map| &map["name"]).collect();
    let container = container();
    assert!(named.contains(&&container["envFrom"][0]["configMapRef"]["name"]));
    assert!(named.contains(&&pod()["spec"]["volumes"][0]["configMap"]["name"]));
    assert_eq!(container["volumeMounts"][0]["name"], pod()["spec"]["volumes"][0]["name"]);
}

#[test]
fn selectors_select_the_pods_and_ports_are_those_of_the_file() {
    let labels = pod()["metadata"]["labels"].clone();
    let of = |file: &str, pointer: &str| read(&folder().join(file)).pointer(pointer).cloned();
    for (file, pointer) in [
        ("deployment.yaml", "/spec/selector/matchLabels"),
        ("service.yaml", "/spec/selector"),
        ("disruption-budget.yaml", "/spec/selector/matchLabels"),
    ] {
        assert_eq!(of(file, pointer), Some(labels.clone()), "{file}");
    }
    assert_eq!(of("autoscaler.yaml", "/spec/scaleTargetRef/name"), of("deployment.yaml", "/metadata/name"));
    let config = config();
    let (ports, mut expected) = (ports(), BTreeMap::from([("api".to_owned(), u64::from(config.controller.port))]));
    for listener in &config.listeners {
        let name = match listener.routes {
            Routes::Triggers(_) => "triggers",
            Routes::Callbacks(_) => "callbacks",
            Routes::Sources(_) => "sources",
        };
        expected.insert(name.to_owned(), u64::from(listener.port));
    }
    assert_eq!(ports, expected);
    for port in of("service.yaml", "/spec/ports").unwrap().as_array().unwrap() {
        let target = port["targetPort"].as_str().unwrap();
        assert_eq!(port["port"], ports[target], "{port}");
    }
}

#[test]
fn the_ingress_knows_each_path_of_the_file() {
    let ingress = read(&folder().join("ingress.yaml"));
    let rule = &ingress["spec"]["rules"][0];
    let path = |path: &Value| {
        let backend = path["backend"]["service"]["port"]["name"].as_str().unwrap().to_owned();
        (path["path"].as_str().unwrap().to_owned(), backend)
    };
    let mut given: BTreeMap<String, String> = rule["http"]["paths"].as_array().unwrap().iter().map(path).collect();
    assert_eq!(given.remove("/").as_deref(), Some("api"));
    let mut expected = BTreeMap::new();
    for listener in config().listeners {
        match listener.routes {
            Routes::Triggers(all) => {
                expected.extend(all.into_iter().map(|one| (one.route.path, "triggers".to_owned())));
            }
            Routes::Callbacks(all) => {
                expected.extend(all.into_iter().map(|one| (one.route.path, "callbacks".to_owned())));
            }
            Routes::Sources(_) => {}
        }
    }
    assert_eq!(given, expected);
    let literals = read(&folder().join("kustomization.yaml"))["configMapGenerator"][1]["literals"].clone();
    let url = format!("RINGBACK_PUBLIC_URL=https://{}", rule["host"].as_str().unwrap());
    assert!(texts(&literals).contains(&url.as_str()), "{literals}");
}

#[tokio::test]
async fn the_program_takes_the_containers_arguments_and_variables() {
    let container = container();
    let mounted = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let file = format!("{mounted}/ringback.yml");
    let here = folder().join("ringback.yml").display().to_string();
    let arguments: Vec<String> = texts(&container["args"]).iter().map(|text| text.replace(&file, &here)).collect();
    assert!(arguments.iter().any(|argument| argument.ends_with(&here)), "{arguments:?}");
    let settings = read(&folder().join("kustomization.yaml"))["configMapGenerator"][1]["literals"].clone();
    let variables = texts(&settings).into_iter().map(|text| text.split_once('=').unwrap());
    let mut command = tokio::process::Command::new(EMULATOR);
    command.args(&arguments).env_clear().envs(variables).env("IMAGES_TOKEN", "x").env("RINGBACK_API_TOKEN", "x");
    // It goes as far as the first thing that only the secret has, and asks nobody before.
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("RINGBACK_KEY or RINGBACK_KEY_PARAMETER must be set"), "{said}");
}

#[tokio::test]
async fn the_probes_paths_answer_and_stopping_has_the_time_it_takes() {
    let place = Place::new(crate::cloud::open()).await;
    let replica = place.replica(&[]).await;
    let container = container();
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let get = &container[probe]["httpGet"];
        let path = get["path"].as_str().unwrap();
        let answer = send(replica.request(Method::GET, &format!("{}{path}", replica.api))).await;
        assert_eq!((answer.status, &get["port"]), (200, &json!("api")), "{probe}: {}", answer.body);
    }
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/ready");
    let grace = pod()["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap();
    let pause = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap();
    assert!(grace > pause + DRAIN.as_secs() + 2, "{grace} s");
}

#[test]
fn the_image_runs_what_the_manifest_runs() {
    let dockerfile = std::fs::read_to_string(folder().join("../Dockerfile")).unwrap();
    let line = |start: &str| {
        let mut lines = dockerfile.lines().filter_map(|line| line.strip_prefix(start));
        lines.next_back().unwrap_or_else(|| panic!("{start}")).to_owned()
    };
    let command: Value = serde_json::from_str(&line("CMD ")).unwrap();
    let spelled: Vec<String> =
        texts(&container()["args"]).iter().flat_map(|text| text.split('=')).map(str::to_owned).collect();
    assert_eq!(texts(&command), spelled);
    let exposed: BTreeSet<u64> = line("EXPOSE ").split(' ').map(|port| port.parse().unwrap()).collect();
    assert_eq!(exposed, ports().into_values().collect());
    assert_eq!(
        line("USER ").split(':').next().unwrap().parse(),
        Ok(pod()["spec"]["securityContext"]["runAsUser"].as_u64().unwrap())
    );
    let toolchain = include_str!("../../rust-toolchain.toml");
    let (version, _) = dockerfile.split_once("FROM rust:").unwrap().1.split_once('-').unwrap();
    assert!(toolchain.contains(&format!("channel = \"{version}.")), "{version}");
}
