//! Answers, bound to the types of the contract.
//!
//! ```text
//!  a handler ─► Shown<T> ─► the answer, or an item of a page
//!               │ written from a `T` of the contract; then texts may be hidden, and long values null
//!  the table says which `T` an operation answers with; a handler that gives another doesn't build
//! ```

use application::App;
use axum::Json;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use contract::answer::Page;
use contract::{Cursor, Method, Nothing, Operation, Typed};
use edge::problem::Problem;
use serde::Serialize;
use serde_json::{Value, json};
use std::marker::PhantomData;
use std::sync::Arc;

/// The JSON of a `T`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown<T> {
    value: Value,
    of: PhantomData<fn() -> T>,
}

impl<T> Shown<T> {
    /// With something changed that leaves it a `T`: a text that is hidden, or a value that is left out.
    #[must_use]
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.value);
        self
    }

    /// The JSON.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }
}

impl<T: Serialize> Shown<T> {
    /// Writes it. The contract's types have names of fields alone as keys, so this can't fail.
    pub(crate) fn of(answer: &T) -> Self {
        Self { value: json!(answer), of: PhantomData }
    }
}

impl<P: Page> Shown<P> {
    /// A page of items, and where the next one begins.
    pub(crate) fn page(items: Vec<Shown<P::Item>>, next: Option<&Cursor>) -> Self {
        let items: Vec<Value> = items.into_iter().map(|item| item.value).collect();
        Self { value: json!({P::ITEMS: items, "next": next}), of: PhantomData }
    }
}

impl<T> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        Json(self.value).into_response()
    }
}

/// Types that a handler may give where the contract says `T`.
pub(crate) trait Gives<T> {}

impl<T> Gives<T> for Shown<T> {}
impl Gives<Nothing> for StatusCode {}
impl<T, R: Gives<T>> Gives<T> for (StatusCode, R) {}
impl<T, R: Gives<T>> Gives<T> for Result<R, Problem> {}

/// A handler that gives what the contract says of an operation. `Arguments` are what it is called with.
pub(crate) trait Serves<O: Typed, Arguments> {}

macro_rules! serves {
    ($($argument:ident)*) => {
        impl<O: Typed, F, R, $($argument),*> Serves<O, ($($argument,)*)> for F
        where
            F: FnOnce($($argument),*) -> R,
            R: Future<Output: Gives<O::Answer>>,
        {
        }
    };
}

serves! {}
serves! { A }
serves! { A B }
serves! { A B C }
serves! { A B C D }
serves! { A B C D E }

/// Mounts the handler of an operation.
pub(crate) fn mount<O, H, Extracted, Arguments>(handler: H) -> MethodRouter<Arc<App>>
where
    O: Typed,
    H: Handler<Extracted, Arc<App>> + Serves<O, Arguments>,
    Extracted: 'static,
{
    on(filter(O::OPERATION), handler)
}

/// Mounts an answer of 404 for an operation that another function serves.
pub(crate) fn mount_nothing(operation: Operation) -> MethodRouter<Arc<App>> {
    on(filter(operation), async |_: Request| Problem::not_found())
}

fn filter(operation: Operation) -> MethodFilter {
    match operation.method() {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}
