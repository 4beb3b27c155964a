//! Reviews: objects that are questions, answered and not kept.

use windlass_object::Object;

use crate::auth::{Authenticator, Authorizer};
use crate::registry::Call;
use crate::status::Status;

/// Answers a review.
pub async fn create(
    call: &Call<'_>,
    _authorizer: &Authorizer,
    _authenticator: &Authenticator,
    _object: Object,
) -> Result<Object, Status> {
    Err(Status::not_implemented(&call.resource.plural))
}

/// Answers a TokenRequest of a service account.
pub async fn token_request(
    _call: &Call<'_>,
    _authenticator: &Authenticator,
    _object: Object,
) -> Result<Object, Status> {
    Err(Status::not_implemented("serviceaccounts/token"))
}
