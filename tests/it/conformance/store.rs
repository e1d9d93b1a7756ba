//! What the store relies on in DynamoDB, tried on everything that says it is one: the emulator's own, `ministack`, `moto`.
//!
//! A scenario is a function over a [`Table`], so that the three can't be tested differently. Where a stand-in is known to
//! err, its test says so and asserts the error, so that its repair is noticed.

mod configs;
mod deliveries;
mod endpoints;
mod lists;
mod runs;
mod timers;
mod waits;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use local_aws::{Aws, AwsOptions};
use platform::store::Store;
use ringback_tests::{StandIn, skip};
use serde_json::Value;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

const TABLE: &str = "ringback";
/// More than one, so that lists are put together of several.
const SHARDS: u8 = 4;
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// A table with nothing in it, and the store on it.
struct Table {
    store: Store,
    client: Client,
    /// It errs: an update that makes an item too large is refused, and yet written.
    writes_what_is_too_large: bool,
    /// It errs: a key condition may have an empty value.
    takes_empty_keys: bool,
}

impl Table {
    fn new(client: Client) -> Self {
        let store = Store::new(client.clone(), TABLE.to_owned(), SHARDS, RETENTION);
        Self { store, client, writes_what_is_too_large: false, takes_empty_keys: false }
    }

    /// What an item owes, as the stream's filter sees it: nothing unless `owed` is true.
    async fn owes(&self, pk: &str, sk: &str) -> Option<Value> {
        let get = self.client.get_item().table_name(TABLE).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
        let item = get.send().await.unwrap().item.expect("the item");
        let owed = item.get("owed") == Some(&AttributeValue::Bool(true));
        owed.then(|| serde_json::from_str(item["owes"].as_s().unwrap()).unwrap())
    }
}

impl Table {
    /// Takes an item out of the table.
    async fn take(&self, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
        let delete = self.client.delete_item().table_name(TABLE).return_values(ReturnValue::AllOld);
        let delete = delete.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
        delete.send().await.unwrap().attributes.expect("the item")
    }

    async fn put(&self, item: HashMap<String, AttributeValue>) {
        self.client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }
}

/// So many seconds after a moment that all scenarios share.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

/// A scenario: what it is called, and what happens.
type Scenario = (&'static str, for<'a> fn(&'a Table) -> BoxFuture<'a, ()>);

macro_rules! scenarios {
    ($($of:ident: $($name:ident)*;)*) => {
        const ALL: &[Scenario] = &[$($((stringify!($name), |table| Box::pin($of::$name(table))),)*)*];
    };
}

scenarios! {
    runs:
        a_run_is_stored_once_and_read_as_it_was
        of_two_changes_of_one_version_one_is_written
        of_several_later_runs_of_one_identity_one_is_stored
        a_change_owes_its_messages_and_the_next_one_takes_them_back
        a_run_is_reminded_of_a_message_only_as_what_comes_after_the_last_time
        a_run_that_has_ended_is_reminded_of_nothing
        what_does_not_fit_is_refused_and_leaves_the_run_as_it_was;
    waits:
        the_second_of_the_two_halves_owes_the_message
        whoever_comes_second_is_told
        a_wait_that_was_closed_ignores_what_comes
        a_deadline_closes_what_still_waits_and_nothing_else
        a_later_attempt_takes_the_place_of_an_earlier_one
        what_came_for_an_earlier_attempt_counts_unless_it_is_a_failure
        a_deadline_finds_the_callback_that_was_kept_for_its_job
        the_oldest_of_many_kept_callbacks_is_met_first
        a_repetition_of_what_one_job_took_is_none_for_the_next
        another_callback_that_comes_before_the_next_job_waits_is_kept_for_it
        a_callback_and_the_next_job_that_come_at_once_meet
        keys_of_any_length_and_of_any_letters_are_apart;
    deliveries:
        an_event_is_stored_once_and_another_under_its_id_is_told_apart
        deliveries_are_stored_over_the_version_that_was_read
        a_delivery_is_reminded_of_a_message_only_as_what_comes_after_the_last_time
        deliveries_are_listed_by_customer_newest_first_in_pages
        an_operation_owes_its_next_step;
    endpoints:
        endpoints_and_their_health_are_found_together
        slots_are_given_once_in_order_and_evenly_apart_however_many_ask_at_once
        requests_are_counted_up_to_the_limit_however_many_come_at_once
        tokens_are_found_by_their_digest_and_listed;
    configs:
        a_change_and_its_line_are_written_together_or_not_at_all
        of_changes_at_once_one_is_written
        the_history_is_read_in_pages
        a_query_is_read_on_where_a_page_of_the_table_ends;
    lists:
        runs_are_listed_newest_first_in_pages_without_gaps
        a_list_is_read_on_where_a_batch_of_the_table_ends;
    timers:
        a_key_that_is_empty_is_refused
        timers_are_found_when_they_are_due_in_their_order
        a_range_that_ends_before_it_begins_holds_no_timers
        a_cursor_moves_only_from_where_it_was_read
        a_timer_behind_the_cursor_takes_it_back_as_far_as_needed
        deadlines_are_moot_when_their_own_waiter_was_met_or_closed
        a_deadline_of_a_run_is_moot_when_it_has_ended_or_was_reminded;
}

/// Plays them all, whatever becomes of the ones before, and fails if one has failed.
async fn play(table: &Table) {
    let mut failed = Vec::new();
    for (name, scenario) in ALL {
        if AssertUnwindSafe(scenario(table)).catch_unwind().await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_on_the_emulators_own() {
    let aws = Aws::open(AwsOptions::in_memory(TABLE)).unwrap();
    play(&Table { takes_empty_keys: true, ..Table::new(aws.dynamodb()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_on_ministack() {
    let Some(python) = skip::python_with_stand_ins() else { return };
    let ministack = StandIn::ministack(&python).await;
    ministack.make_table(TABLE).await;
    play(&Table::new(ministack.dynamodb())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_on_moto() {
    let Some(python) = skip::python_with_stand_ins() else { return };
    let moto = StandIn::moto(&python).await;
    moto.make_table(TABLE).await;
    play(&Table { writes_what_is_too_large: true, ..Table::new(moto.dynamodb()) }).await;
}
