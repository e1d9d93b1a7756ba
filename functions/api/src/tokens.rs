//! `/api/tokens`: tokens for customers, each of which sees one customer's webhooks only.

use crate::body::Fields;
use crate::name::Name;
use crate::shown::Shown;
use crate::token::CUSTOMER_TOKEN;
use application::App;
use axum::extract::State;
use axum::http::StatusCode;
use contract::answer::{CreatedToken, Token, Tokens};
use edge::problem::{Code, Problem};
use platform::store::StoredToken;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Tokens that are listed at most.
const LISTED: usize = 1_000;

/// `POST /api/tokens` with `{customer_id, name?, publish?}`: the answer shows the token, once. Only with `publish: true` may the
/// token publish events of its customer.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    mut fields: Fields,
) -> Result<(StatusCode, Shown<CreatedToken>), Problem> {
    let customer = fields.customer()?.ok_or_else(|| Problem::new(Code::UnusableRequest, "`customer_id` is missing"))?;
    let name = fields.text("name")?.unwrap_or_default();
    let may_publish = fields.flag("publish")?.unwrap_or(false);
    fields.nothing_else()?;
    let token = format!("{CUSTOMER_TOKEN}{}", hex::encode(app.random::<32>()));
    let stored = StoredToken { digest: digest(&token), customer, name, may_publish, created_at: app.now() };
    app.store.add_token(&stored).await?;
    Ok((StatusCode::CREATED, Shown::of(&CreatedToken { shown: show(&stored), token })))
}

/// `GET /api/tokens`.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Shown<Tokens>, Problem> {
    let tokens = app.store.tokens(LISTED).await?;
    Ok(Shown::of(&Tokens { tokens: tokens.iter().map(show).collect() }))
}

/// `DELETE /api/tokens/{id}`. Repeating it is safe.
pub(crate) async fn delete(State(app): State<Arc<App>>, Name(id): Name) -> Result<StatusCode, Problem> {
    app.store.delete_token(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

fn show(token: &StoredToken) -> Token {
    Token {
        id: token.digest.clone(),
        customer_id: token.customer.to_string(),
        name: token.name.clone(),
        publish: token.may_publish,
        created_at: token.created_at,
    }
}
