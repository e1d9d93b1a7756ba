//! How fast the main job is: `cargo bench -p emulator --bench main_job`.
//!
//! The gateway runs as a process of its own (this program, started again), durable on disk; load and services run here.
//! Printed are operations a second, latencies, and the CPU time that the gateway's process took for each operation,
//! background work included. Arguments: how many operations of each kind (20,000 and 5,000 unless given).

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that can't be made ends here, and one that was made is printed"
)]

mod load;
#[expect(dead_code, reason = "shared with the other benchmark")]
mod process;
mod service;

use load::{Latencies, Load};

use process::{Gateway, machine};
use service::Service;
use std::time::{Duration, Instant};

/// As in the emulator's own binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILE: &str = r#"
listeners:
  - {id: start, type: http-trigger, port: 0, path: /light, workflow: light}
  - {id: image, type: http-trigger, port: 0, path: /images, workflow: image}
  - {id: done, type: http-callback, port: 0, path: /done, identify_by: "${body.task_id}", status: "${body.status}", success_when: [completed], result: {url: "${body.url}"}}
components:
  note: {type: logger, level: trace, message: "${input.data}"}
  generator:
    type: http-client
    endpoint: SERVICE/generate
    body: {prompt: "${input.prompt}", task_id: "${context.run_id}", callback_url: "${listener.url}"}
  optimizer: {type: http-client, endpoint: SERVICE/optimize, body: {url: "${input.url}", task_id: "${context.run_id}"}}
workflows:
  light: {jobs: [{id: note, component: note}]}
  image:
    jobs:
      - {id: generate, component: generator}
      - {id: optimize, component: optimizer, input: {url: "${jobs.generate.output.url}"}}
"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "up") {
        process::serve();
    }
    let count = |index: usize, default| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (triggers, trips) = (count(0, 20_000), count(1, 5_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(triggers, trips));
}

async fn measure(triggers: usize, trips: usize) {
    println!("{}", machine());
    let service = Service::start(Duration::from_millis(20)).await;
    let before = Instant::now();
    let gateway = Gateway::start(&FILE.replace("SERVICE", &service.url)).await;
    println!("start: {:.0} ms until it answers, {:.0} MB resident", ms(before.elapsed()), gateway.resident_mb());

    warm_up(&gateway, &service).await;
    for at_once in [1, 32] {
        let cpu = gateway.cpu();
        let load = Load { url: gateway.listener("start"), path: "/light", count: triggers, at_once };
        let (latencies, took) = load.run(move |n| format!(r#"{{"data":"{at_once} {n:0500}"}}"#)).await;
        gateway.settled(service.calls()).await;
        report(&format!("trigger, {at_once} at once"), triggers, &latencies, took, gateway.cpu() - cpu);
    }
    for at_once in [1, 64] {
        let count = if at_once == 1 { trips / 10 } else { trips };
        let cpu = gateway.cpu();
        let latencies = service.round_trips(&gateway, &format!("{at_once} at once"), count, at_once).await;
        gateway.settled(service.calls()).await;
        report(&format!("round trip, {at_once} at once"), count, &latencies.0, latencies.1, gateway.cpu() - cpu);
    }
    println!("resident at the end: {:.0} MB (highest {:.0} MB)", gateway.resident_mb(), gateway.highest_mb());
}

async fn warm_up(gateway: &Gateway, service: &Service) {
    let load = Load { url: gateway.listener("start"), path: "/light", count: 500, at_once: 8 };
    load.run(|n| format!(r#"{{"data":"{n}"}}"#)).await;
    service.round_trips(gateway, "warm-up", 100, 8).await;
}

fn report(what: &str, count: usize, latencies: &Latencies, took: Duration, cpu: Duration) {
    let each = ms(cpu) / count as f64;
    let rate = count as f64 / took.as_secs_f64();
    println!(
        "{what:24} {rate:7.0}/s   p50 {:7.2} ms   p99 {:7.2} ms   gateway CPU {each:.3} ms each",
        ms(latencies.percentile(50)),
        ms(latencies.percentile(99)),
    );
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
