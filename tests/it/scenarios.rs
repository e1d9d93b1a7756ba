//! What holds wherever Ringback runs: the same scenarios against the emulator and against a deployment.
//!
//! A [`Stage`] is a running Ringback with the file of [`file`]. Against the emulator each scenario is a test of its own, on
//! a stage of its own, where every message is delivered twice; a deployment is made once and all are played on it
//! (tests/it/conformance.rs). So no scenario may rely on being alone, and none turns a clock: what has to pass passes.

mod deliveries;
mod rendezvous;
mod sources;
mod triggers;

use crate::PROGRAM;
use futures_util::future::BoxFuture;
use ringback_tests::{At, Caller, File, Gateway, ManualClock, Service};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;
use std::time::Duration;

/// What the file reads from its environment.
pub(crate) const ENV: [(&str, &str); 2] = [("GITHUB_SECRET", GITHUB_SECRET), ("STRIPE_SECRET", STRIPE_SECRET)];
const GITHUB_SECRET: &str = "It's a Secret to Everybody";
const STRIPE_SECRET: &str = "whsec_stripe_conformance";

/// How long a deadline may be overdue: the schedule of a deployment comes each minute.
const A_SWEEP: Duration = Duration::from_secs(100);

/// A running Ringback with the file of the scenarios.
pub(crate) struct Stage<'a> {
    caller: &'a Caller,
    address: IpAddr,
    /// The machine's time.
    clock: ManualClock,
}

/// A scenario: what it is called, and what happens.
pub(crate) type Scenario = (&'static str, for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, ()>);

impl<'a> Stage<'a> {
    /// For a Ringback whose services are at this address of the machine.
    pub(crate) fn new(caller: &'a Caller, address: IpAddr) -> Self {
        Self { caller, address, clock: ManualClock::of_the_machine() }
    }

    /// Where the services of a scenario have to be.
    fn services(&self) -> At {
        Service::at(self.address)
    }
}

impl Deref for Stage<'_> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        self.caller
    }
}

/// The file, for services at this address of the machine.
pub(crate) fn file(address: IpAddr) -> String {
    let sections = [
        "listeners:",
        rendezvous::LISTENERS,
        triggers::LISTENERS,
        "components:",
        rendezvous::COMPONENTS,
        "workflows:",
        rendezvous::WORKFLOWS,
        triggers::WORKFLOWS,
        &sources::FILE.replace("PROGRAM", PROGRAM),
        &format!("delivery: {{allow_private: [{address}]}}\n"),
    ];
    sections.concat()
}

async fn emulator() -> Gateway {
    let address = Ipv4Addr::LOCALHOST.into();
    ENV.iter().fold(File::new(file(address)), |file, (name, value)| file.env(name, value)).run().await
}

/// Each a test against the emulator, and all of them a list for other places.
macro_rules! scenarios {
    ($($of:ident: $($name:ident)*;)*) => {
        mod in_the_emulator {
            $($(#[tokio::test]
            async fn $name() {
                let gateway = super::emulator().await;
                let stage = super::Stage::new(&gateway, std::net::Ipv4Addr::LOCALHOST.into());
                super::$of::$name(&stage).await;
            })*)*
        }

        /// All of them.
        pub(crate) const ALL: &[Scenario] = &[
            $($((stringify!($name), |stage| Box::pin($of::$name(stage))),)*)*
        ];
    };
}

scenarios! {
    rendezvous:
        a_wait_whose_deadline_passes_fails_its_job_and_ignores_the_callback
        a_callback_before_the_answer_is_kept_until_the_wait_is_opened
        a_callback_before_the_answer_finds_the_wait_that_was_opened_before_the_call
        a_callback_after_the_answer_resumes_the_run
        a_second_callback_is_a_duplicate_and_the_first_one_counts
        a_callback_that_nobody_waits_for_is_kept_for_the_run_that_will
        progress_keeps_the_job_waiting_until_the_status_decides
        a_failure_status_fails_the_job_with_what_came_with_it
        numbers_and_texts_that_read_alike_are_the_same_key_and_the_same_status;
    triggers:
        a_trigger_starts_two_jobs_each_of_which_waits_for_its_callback
        each_item_of_a_bulk_trigger_has_a_run_of_its_own
        the_input_is_mapped_from_every_part_of_the_request
        a_body_is_read_as_its_content_type_says
        a_multipart_body_is_its_fields_and_its_files
        what_is_no_request_is_refused_in_words;
    sources:
        a_push_runs_the_program_that_its_branch_is_ruled_to
        what_is_not_genuine_starts_nothing_and_is_told_nothing
        a_signature_covers_the_bytes_as_they_were_sent
        a_signature_with_a_time_is_good_for_a_while;
    deliveries:
        an_event_is_delivered_signed_and_tried_again_until_it_is_taken
        an_endpoint_that_is_gone_is_disabled
        tries_run_out_and_an_event_says_so
        a_repeated_event_is_delivered_once_and_another_under_its_id_is_refused;
}
