//! The table of operations.

use crate::query::{
    CustomerQuery, DeliveriesQuery, EndpointsQuery, HistoryQuery, JobQuery, NoQuery, Parameter, Parameters,
    ReplayQuery, RequestsQuery, StatsQuery, TasksQuery, WaitsQuery,
};

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

macro_rules! operations {
    ($($(#[doc = $summary:literal])+ $name:ident: $method:ident $path:literal, $access:ident, $function:ident, $query:ty;)+) => {
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
        }
    };
}

operations! {
    /// Says that the process answers.
    Health: Get "/health", Public, Api, NoQuery;
    /// Says that the table answers too.
    Ready: Get "/ready", Public, Api, NoQuery;

    /// Lists tasks, newest first.
    ListTasks: Get "/api/tasks", Operator, Api, TasksQuery;
    /// Shows a task with its jobs.
    ShowTask: Get "/api/tasks/{id}", Operator, Api, NoQuery;
    /// Stops a task: nothing more is begun, and its waits are closed.
    CancelTask: Post "/api/tasks/{id}/cancel", Operator, Api, NoQuery;
    /// Shows what a callback, or the last answer, brought for a job.
    ShowResult: Get "/api/tasks/{id}/result", Operator, Api, JobQuery;
    /// Starts a new task with the same input.
    RerunTask: Post "/api/tasks/{id}/rerun", Operator, Api, NoQuery;
    /// Puts the request that started a task through today's rules and triggers.
    ReplayTask: Post "/api/tasks/{id}/replay", Operator, Api, ReplayQuery;
    /// Lists the tunnels that are open, with their public addresses.
    ListGateways: Get "/api/gateways", Operator, Api, NoQuery;
    /// Lists jobs that wait for a callback, or callbacks that no job waits for.
    ListWaits: Get "/api/waits", Operator, Api, WaitsQuery;
    /// Gives a callback that no job waits for to a job that waits under another key.
    AdoptCallback: Post "/api/waits/adopt", Operator, Api, NoQuery;
    /// Lists requests that started tasks, oldest first, as they were received.
    ListRequests: Get "/api/requests", Operator, Api, RequestsQuery;
    /// Lists the workflows.
    ListWorkflows: Get "/api/workflows", Operator, Api, NoQuery;
    /// Starts a workflow.
    StartWorkflow: Post "/api/workflows/{id}/runs", Operator, Api, NoQuery;

    /// Lists the programs of the file and of the API.
    ListPrograms: Get "/api/config/programs", Operator, Api, NoQuery;
    /// Defines a program, or replaces it.
    PutProgram: Post "/api/config/programs", Operator, Api, NoQuery;
    /// Shows a program.
    ShowProgram: Get "/api/config/programs/{name}", Operator, Api, NoQuery;
    /// Takes away a program that the API has defined.
    DeleteProgram: Delete "/api/config/programs/{name}", Operator, Api, NoQuery;
    /// Lists the sources of the file and of the API.
    ListSources: Get "/api/config/webhooks", Operator, Api, NoQuery;
    /// Defines a source, or replaces it.
    PutSource: Post "/api/config/webhooks", Operator, Api, NoQuery;
    /// Shows a source.
    ShowSource: Get "/api/config/webhooks/{id}", Operator, Api, NoQuery;
    /// Takes away a source that the API has defined.
    DeleteSource: Delete "/api/config/webhooks/{id}", Operator, Api, NoQuery;
    /// Lists changes of sources and programs, newest first.
    ListHistory: Get "/api/config/history", Operator, Api, HistoryQuery;
    /// Lists the tokens of customers.
    ListTokens: Get "/api/tokens", Operator, Api, NoQuery;
    /// Makes a token for a customer.
    CreateToken: Post "/api/tokens", Operator, Api, NoQuery;
    /// Takes away a token.
    DeleteToken: Delete "/api/tokens/{id}", Operator, Api, NoQuery;

    /// Lists deliveries, newest first.
    ListDeliveries: Get "/api/deliveries", Customer, Api, DeliveriesQuery;
    /// Lists deliveries, newest first: the same at another address.
    ListWebhookDeliveries: Get "/api/webhooks/deliveries", Customer, Api, DeliveriesQuery;
    /// Shows a delivery with its attempts and its event.
    ShowDelivery: Get "/api/deliveries/{id}", Customer, Api, NoQuery;
    /// Begins a new round of tries for a delivery.
    RetryDelivery: Post "/api/deliveries/{id}/retry", Customer, Api, NoQuery;
    /// Lists endpoints, newest first.
    ListEndpoints: Get "/api/webhooks", Customer, Api, EndpointsQuery;
    /// Makes an endpoint.
    CreateEndpoint: Post "/api/webhooks", Customer, Api, NoQuery;
    /// Shows an endpoint.
    ShowEndpoint: Get "/api/webhooks/{id}", Customer, Api, NoQuery;
    /// Changes some fields of an endpoint.
    ChangeEndpoint: Patch "/api/webhooks/{id}", Customer, Api, NoQuery;
    /// Takes away an endpoint: what is still owed to it is given up.
    DeleteEndpoint: Delete "/api/webhooks/{id}", Customer, Api, NoQuery;
    /// Gives an endpoint a new secret.
    RotateSecret: Post "/api/webhooks/{id}/rotate-secret", Customer, Api, NoQuery;
    /// Sends an endpoint a test event.
    TestEndpoint: Post "/api/webhooks/{id}/test", Customer, Api, NoQuery;
    /// Says why an endpoint's deliveries fail, and what to do.
    DiagnoseEndpoint: Get "/api/webhooks/{id}/diagnose", Customer, Api, NoQuery;
    /// Begins a new round of tries for all exhausted deliveries of a time.
    RecoverEndpoint: Post "/api/webhooks/{id}/recover", Customer, Api, NoQuery;
    /// Lists endpoints with their last 24 hours.
    ListEndpointStats: Get "/api/webhooks/endpoints", Customer, Api, CustomerQuery;
    /// Counts the deliveries of some hours.
    ShowStats: Get "/api/webhooks/stats", Customer, Api, StatsQuery;
    /// Says how far an operation in the background is.
    ShowOperation: Get "/api/operations/{id}", Customer, Api, NoQuery;
    /// Publishes an event.
    PublishEvent: Post "/api/events", Customer, Api, NoQuery;
    /// Shows an event.
    ShowEvent: Get "/api/events/{id}", Customer, Api, CustomerQuery;
    /// Lists the event types of the catalogue.
    ListEventTypes: Get "/api/event-types", Customer, Api, NoQuery;

    /// Takes a request of a provider.
    ReceiveWebhook: Post "/api/webhooks/{id}", Public, Trigger, NoQuery;
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
