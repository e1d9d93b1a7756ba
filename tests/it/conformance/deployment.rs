//! infra/ deployed to `ministack`, whose functions run the real bootstraps, and all scenarios played on it.

use crate::EMULATOR;
use crate::scenarios::{ALL, ENV, Stage, file};
use ringback_tests::{Deployed, Source, Tools, WorkerProcess, skip};

/// The functions as AWS runs them.
const BOOTSTRAPS: [(&str, &str); 6] = [
    ("trigger", env!("CARGO_BIN_EXE_bootstrap-trigger")),
    ("callback", env!("CARGO_BIN_EXE_bootstrap-callback")),
    ("api", env!("CARGO_BIN_EXE_bootstrap-api")),
    ("relay", env!("CARGO_BIN_EXE_bootstrap-relay")),
    ("deliver", env!("CARGO_BIN_EXE_bootstrap-deliver")),
    ("sweep", env!("CARGO_BIN_EXE_bootstrap-sweep")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_does_what_the_emulator_does() {
    let (Some(tools), Some(address)) = (Tools::find(), skip::own_address()) else { return };
    let text = file(address);
    let started = std::time::Instant::now();
    let source = Source { file: &text, env: &ENV, emulator: EMULATOR, bootstraps: &BOOTSTRAPS };
    let deployed = Deployed::deploy(&tools, &source).await;
    eprintln!("deployed {:?}", started.elapsed());
    let _worker = WorkerProcess::start(EMULATOR, &deployed.work_place(), &deployed.file, &[]).await;
    let stage = Stage::new(&deployed, address);
    for (name, play) in ALL {
        let started = std::time::Instant::now();
        play(&stage).await;
        eprintln!("{name} {:?}", started.elapsed());
    }
}
