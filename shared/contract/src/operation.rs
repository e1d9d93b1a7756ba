//! The table of operations.

use crate::answer;
use crate::body;
use crate::query::{
    CustomerQuery, DeliveriesQuery, EndpointsQuery, HistoryQuery, JobQuery, NoQuery, Parameter, Parameters,
    ReplayQuery, RequestsQuery, StatsQuery, TasksQuery, WaitsQuery,
};
use serde::de::DeserializeOwned;

/// An HTTP method that the API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Changes nothing.
    Get,
    /// Makes something, or has something done.
    Post,
    /// Changes some fields.
    Patch,
    /// Takes something away; repeating it is safe.
    Delete,
}

impl Method {
    /// As the request line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The callers that an operation lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without a token.
    Public,
    /// The operator, and a customer as far as it is about that customer.
    Customer,
    /// The operator alone.
    Operator,
}

/// The Lambda function that serves an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `functions/api`.
    Api,
    /// `functions/trigger`: each source says who may call it.
    Trigger,
}

/// The types of one operation. Each row of the table has a type of its own, by which its handler is bound to them.
pub trait Typed {
    /// Its row.
    const OPERATION: Operation;
    /// The parameters of its query.
    type Query: Parameters;
    /// The body that it takes.
    type Body: Body;
    /// The answer, if it succeeds.
    type Answer;
}

/// No body, in a request or in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing;

/// A body that an operation may take.
pub trait Body {
    /// False for [`Nothing`].
    const IS_TAKEN: bool;
}

impl Body for Nothing {
    const IS_TAKEN: bool = false;
}

/// Any body, of any media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anything;

impl Body for Anything {
    const IS_TAKEN: bool = true;
}

impl<T: DeserializeOwned> Body for T {
    const IS_TAKEN: bool = true;
}

macro_rules! operations {
    ($($(#[doc = $summary:literal])+
        $name:ident: $method:ident $path:literal, $access:ident, $function:ident, $query:ty, $body:ty => $answer:ty: $($status:literal)+;)+) => {
        /// A type for each operation.
        pub mod of {
            $($(#[doc = $summary])+ #[derive(Debug, Clone, Copy)] pub struct $name;)+
        }

        $(impl Typed for of::$name {
            const OPERATION: Operation = Operation::$name;
            type Query = $query;
            type Body = $body;
            type Answer = $answer;
        })+

        /// An operation of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[doc = $summary])+ $name,)+
        }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its method.
            pub fn method(self) -> Method {
                match self { $(Self::$name => Method::$method),+ }
            }

            /// Its path; a variable part is in braces.
            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path),+ }
            }

            /// The callers that it lets in.
            pub fn access(self) -> Access {
                match self { $(Self::$name => Access::$access),+ }
            }

            /// The function that serves it.
            pub fn function(self) -> Function {
                match self { $(Self::$name => Function::$function),+ }
            }

            /// A sentence that says what it does.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($summary),+).trim_ascii()),+ }
            }

            /// The parameters of its query; any other is refused.
            pub fn parameters(self) -> &'static [Parameter] {
                match self { $(Self::$name => <$query as Parameters>::PARAMETERS),+ }
            }

            /// The statuses of its answer, if it succeeds.
            pub fn statuses(self) -> &'static [u16] {
                match self { $(Self::$name => &[$($status),+]),+ }
            }

            /// True if it takes a body.
            pub fn takes_body(self) -> bool {
                match self { $(Self::$name => <$body as Body>::IS_TAKEN),+ }
            }

            /// Its name in the document: `listTasks`.
            pub fn id(self) -> String {
                let name = match self { $(Self::$name => stringify!($name)),+ };
                let (first, rest) = name.split_at(1);
                format!("{}{rest}", first.to_ascii_lowercase())
            }

            /// The schemas of its body and of its answer.
            #[cfg(feature = "openapi")]
            pub(crate) fn schemas(self, all: &mut crate::openapi::Schemas) -> [Option<serde_json::Value>; 2] {
                use crate::openapi::Described;
                match self { $(Self::$name => [<$body>::described(all), <$answer>::described(all)]),+ }
            }
        }
    };
}

operations! {
    /// Says that the process answers.
    Health: Get "/health", Public, Api, NoQuery, Nothing => answer::Health: 200;
    /// Shows the OpenAPI document of this API.
    ShowDocument: Get "/openapi.json", Public, Api, NoQuery, Nothing => answer::Document: 200;
    /// Says that the table answers too.
    Ready: Get "/ready", Public, Api, NoQuery, Nothing => answer::Ready: 200;

    /// Lists tasks, newest first.
    ListTasks: Get "/api/tasks", Operator, Api, TasksQuery, Nothing => answer::Tasks: 200;
    /// Shows a task with its jobs.
    ShowTask: Get "/api/tasks/{id}", Operator, Api, NoQuery, Nothing => answer::Task: 200;
    /// Stops a task: nothing more is begun, and its waits are closed.
    CancelTask: Post "/api/tasks/{id}/cancel", Operator, Api, NoQuery, Nothing => answer::Task: 200;
    /// Shows what a callback, or the last answer, brought for a job.
    ShowResult: Get "/api/tasks/{id}/result", Operator, Api, JobQuery, Nothing => answer::JobResult: 200;
    /// Starts a new task with the same input.
    RerunTask: Post "/api/tasks/{id}/rerun", Operator, Api, NoQuery, Nothing => answer::Started: 200;
    /// Puts the request that started a task through today's rules and triggers.
    ReplayTask: Post "/api/tasks/{id}/replay", Operator, Api, ReplayQuery, Nothing => answer::Replayed: 200;
    /// Lists the tunnels that are open, with their public addresses.
    ListGateways: Get "/api/gateways", Operator, Api, NoQuery, Nothing => answer::Gateways: 200;
    /// Lists jobs that wait for a callback, or callbacks that no job waits for.
    ListWaits: Get "/api/waits", Operator, Api, WaitsQuery, Nothing => answer::Waits: 200;
    /// Gives a callback that no job waits for to a job that waits under another key.
    AdoptCallback: Post "/api/waits/adopt", Operator, Api, NoQuery, body::AdoptCallback => answer::Adopted: 200;
    /// Lists requests that started tasks, oldest first, as they were received.
    ListRequests: Get "/api/requests", Operator, Api, RequestsQuery, Nothing => answer::Requests: 200;
    /// Lists the workflows.
    ListWorkflows: Get "/api/workflows", Operator, Api, NoQuery, Nothing => answer::Workflows: 200;
    /// Starts a workflow.
    StartWorkflow: Post "/api/workflows/{id}/runs", Operator, Api, NoQuery, body::StartWorkflow => answer::Started: 200;

    /// Lists the programs of the file and of the API.
    ListPrograms: Get "/api/config/programs", Operator, Api, NoQuery, Nothing => answer::Programs: 200;
    /// Defines a program, or replaces it.
    PutProgram: Post "/api/config/programs", Operator, Api, NoQuery, body::PutProgram => answer::Program: 200 201;
    /// Shows a program.
    ShowProgram: Get "/api/config/programs/{name}", Operator, Api, NoQuery, Nothing => answer::Program: 200;
    /// Takes away a program that the API has defined.
    DeleteProgram: Delete "/api/config/programs/{name}", Operator, Api, NoQuery, Nothing => Nothing: 204;
    /// Lists the sources of the file and of the API.
    ListSources: Get "/api/config/webhooks", Operator, Api, NoQuery, Nothing => answer::Sources: 200;
    /// Defines a source, or replaces it.
    PutSource: Post "/api/config/webhooks", Operator, Api, NoQuery, body::PutSource => answer::Source: 200 201;
    /// Shows a source.
    ShowSource: Get "/api/config/webhooks/{id}", Operator, Api, NoQuery, Nothing => answer::Source: 200;
    /// Takes away a source that the API has defined.
    DeleteSource: Delete "/api/config/webhooks/{id}", Operator, Api, NoQuery, Nothing => Nothing: 204;
    /// Lists changes of sources and programs, newest first.
    ListHistory: Get "/api/config/history", Operator, Api, HistoryQuery, Nothing => answer::Changes: 200;
    /// Lists the tokens of customers.
    ListTokens: Get "/api/tokens", Operator, Api, NoQuery, Nothing => answer::Tokens: 200;
    /// Makes a token for a customer.
    CreateToken: Post "/api/tokens", Operator, Api, NoQuery, body::CreateToken => answer::CreatedToken: 201;
    /// Takes away a token.
    DeleteToken: Delete "/api/tokens/{id}", Operator, Api, NoQuery, Nothing => Nothing: 204;

    /// Lists deliveries, newest first.
    ListDeliveries: Get "/api/deliveries", Customer, Api, DeliveriesQuery, Nothing => answer::Deliveries: 200;
    /// Lists deliveries, newest first: the same at another address.
    ListWebhookDeliveries: Get "/api/webhooks/deliveries", Customer, Api, DeliveriesQuery, Nothing => answer::Deliveries: 200;
    /// Shows a delivery with its attempts and its event.
    ShowDelivery: Get "/api/deliveries/{id}", Customer, Api, NoQuery, Nothing => answer::Delivery: 200;
    /// Begins a new round of tries for a delivery.
    RetryDelivery: Post "/api/deliveries/{id}/retry", Customer, Api, NoQuery, Nothing => answer::Delivery: 202;
    /// Lists endpoints, newest first.
    ListEndpoints: Get "/api/webhooks", Customer, Api, EndpointsQuery, Nothing => answer::Endpoints: 200;
    /// Makes an endpoint.
    CreateEndpoint: Post "/api/webhooks", Customer, Api, NoQuery, body::CreateEndpoint => answer::CreatedEndpoint: 201;
    /// Shows an endpoint.
    ShowEndpoint: Get "/api/webhooks/{id}", Customer, Api, NoQuery, Nothing => answer::Endpoint: 200;
    /// Changes some fields of an endpoint.
    ChangeEndpoint: Patch "/api/webhooks/{id}", Customer, Api, NoQuery, body::ChangeEndpoint => answer::Endpoint: 200;
    /// Takes away an endpoint: what is still owed to it is given up.
    DeleteEndpoint: Delete "/api/webhooks/{id}", Customer, Api, NoQuery, Nothing => Nothing: 204;
    /// Gives an endpoint a new secret.
    RotateSecret: Post "/api/webhooks/{id}/rotate-secret", Customer, Api, NoQuery, body::RotateSecret => answer::RotatedSecret: 200;
    /// Sends an endpoint a test event.
    TestEndpoint: Post "/api/webhooks/{id}/test", Customer, Api, NoQuery, body::TestEndpoint => answer::Tested: 200;
    /// Says why an endpoint's deliveries fail, and what to do.
    DiagnoseEndpoint: Get "/api/webhooks/{id}/diagnose", Customer, Api, NoQuery, Nothing => answer::Diagnosis: 200;
    /// Begins a new round of tries for all exhausted deliveries of a time.
    RecoverEndpoint: Post "/api/webhooks/{id}/recover", Customer, Api, NoQuery, body::RecoverEndpoint => answer::Recovery: 200 202;
    /// Lists endpoints with their last 24 hours.
    ListEndpointStats: Get "/api/webhooks/endpoints", Customer, Api, CustomerQuery, Nothing => answer::AllEndpointStats: 200;
    /// Counts the deliveries of some hours.
    ShowStats: Get "/api/webhooks/stats", Customer, Api, StatsQuery, Nothing => answer::Stats: 200;
    /// Says how far an operation in the background is.
    ShowOperation: Get "/api/operations/{id}", Customer, Api, NoQuery, Nothing => answer::BackgroundOperation: 200;
    /// Publishes an event.
    PublishEvent: Post "/api/events", Customer, Api, NoQuery, body::PublishEvent => answer::Accepted: 202;
    /// Shows an event.
    ShowEvent: Get "/api/events/{id}", Customer, Api, CustomerQuery, Nothing => answer::Event: 200;
    /// Lists the event types of the catalogue.
    ListEventTypes: Get "/api/event-types", Customer, Api, NoQuery, Nothing => answer::EventTypes: 200;

    /// Takes a request of a provider.
    ReceiveWebhook: Post "/api/webhooks/{id}", Public, Trigger, NoQuery, Anything => answer::Received: 200 202;
}

#[cfg(test)]
mod tests {
    use super::Operation;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_operations_have_one_method_and_path() {
        let mut places = BTreeSet::new();
        for operation in Operation::ALL {
            assert!(places.insert((operation.method(), operation.path())), "{operation:?}");
        }
    }

    #[test]
    fn each_operation_and_each_parameter_is_described_by_a_sentence() {
        for operation in Operation::ALL {
            let parameters = operation.parameters().iter().map(|parameter| parameter.meaning);
            for sentence in parameters.chain([operation.summary()]) {
                let is_sentence = sentence.ends_with('.') && sentence.starts_with(char::is_uppercase);
                assert!(is_sentence, "{operation:?}: {sentence}");
            }
        }
    }
}
