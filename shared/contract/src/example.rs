//! A body for each operation that takes one. A test sends each to a gateway, so each is as the API takes it.

use crate::Operation;

impl Operation {
    /// A body that it takes; `None` where it takes none.
    pub fn example(self) -> Option<&'static str> {
        Some(match self {
            Self::AdoptCallback => r#"{"route": "/done", "key": "IMG-7", "for": "img-7"}"#,
            Self::StartWorkflow => r#"{"input": {"prompt": "a lighthouse"}}"#,
            Self::PutProgram => r#"{"name": "thumbnails", "command": ["./thumbnails.sh"], "timeout": "2m"}"#,
            Self::PutSource => {
                r#"{"name": "github", "scheme": "github", "secret": "It is a secret to all", "rules": {"push": "w"}}"#
            }
            Self::CreateToken => r#"{"customer_id": "acme", "name": "their dashboard", "publish": false}"#,
            Self::CreateEndpoint => {
                r#"{"url": "https://example.com/hooks", "events": ["order.*"], "customer_id": "acme"}"#
            }
            Self::ChangeEndpoint => r#"{"max_retries": 5, "headers": {"X-Team": "orders"}}"#,
            Self::RotateSecret => r#"{"grace_period": 3600}"#,
            Self::TestEndpoint => r#"{"event": "order.paid", "data": {"order": 7}}"#,
            Self::RecoverEndpoint => r#"{"since": "2026-01-01T00:00:00Z", "dry_run": true}"#,
            Self::PublishEvent => r#"{"event": "order.paid", "data": {"order": 7}, "customer_id": "acme"}"#,
            Self::ReceiveWebhook => r#"{"action": "opened"}"#,
            _ => return None,
        })
    }
}
