//! Groups whose handlers hang, and what is left to others.

use std::{convert::Infallible, sync::Arc};

use aws_lambda_events::event::sqs::SqsMessage;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::mapping::{Duplicates, QueueMapping};

/// A mapping whose handlers tell which message they were given, and end when they are let.
struct Mapped {
    aws: Aws,
    begun: mpsc::UnboundedReceiver<String>,
    leave: Arc<Semaphore>,
    shutdown: CancellationToken,
    mapping: JoinHandle<()>,
}

impl Mapped {
    fn start(aws: &Aws, concurrency: usize) -> Self {
        let (begins, begun) = mpsc::unbounded_channel();
        let (leave, shutdown) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
        let (mapped, stop, passage) = (aws.clone(), shutdown.clone(), leave.clone());
        #[expect(clippy::disallowed_methods, reason = "the mapping runs beside the test")]
        let mapping = tokio::spawn(async move {
            let handler = move |message: SqsMessage| {
                let passage = passage.clone();
                begins.send(message.body.unwrap()).unwrap();
                async move {
                    passage.acquire().await.unwrap().forget();
                    Ok::<_, Infallible>(())
                }
            };
            let mapping = QueueMapping { concurrency, duplicates: Duplicates::None };
            mapped.map_queue("work", mapping, stop, handler).await.unwrap();
        });
        Self { aws: aws.clone(), begun, leave, shutdown, mapping }
    }

    async fn send(&self, group: &str, bodies: impl Iterator<Item = String>) {
        for body in bodies {
            let send = self.aws.sqs().send_message().queue_url(self.aws.queue_url("work"));
            send.message_group_id(group).message_body(body).send().await.unwrap();
        }
    }

    /// The next `count` that begin.
    async fn begin(&mut self, count: usize) -> Vec<String> {
        let mut begun = Vec::new();
        for _ in 0..count {
            begun.push(self.begun.recv().await.unwrap());
        }
        begun
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.leave.add_permits(1_000);
        self.mapping.await.unwrap();
    }
}

#[tokio::test]
async fn groups_that_hang_leave_a_place_to_every_other_group() {
    let aws = aws();
    let mut mapped = Mapped::start(&aws, 8);
    // Each hangs in all the places that it gets, one group after the other.
    for (group, places) in [("a", 3), ("b", 2), ("c", 1), ("d", 1), ("e", 1)] {
        mapped.send(group, (0..20).map(|_| group.to_owned())).await;
        assert_eq!(mapped.begin(places).await, vec![group; places]);
    }
    mapped.stop().await;
}

#[tokio::test]
async fn a_group_s_messages_begin_in_order_as_places_get_free() {
    let aws = aws();
    let mut mapped = Mapped::start(&aws, 6);
    mapped.send("a", (0..40).map(|n| n.to_string())).await;
    let mut begun = mapped.begin(3).await;
    for _ in 3..40 {
        mapped.leave.add_permits(1);
        begun.extend(mapped.begin(1).await);
    }
    // Those that begin together may do so in any order.
    for (place, body) in begun.iter().enumerate() {
        let number: usize = body.parse().unwrap();
        assert!(number.abs_diff(place) <= 3, "{body} was {place}th");
    }
    mapped.stop().await;
}
