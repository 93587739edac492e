//! The names that lead to an account.

use std::time::Duration;

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{Email, UserName};

use super::directory::LOOK_UPS;
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{Name, Session};

const NAMES_CHANGED: Rate = Rate::per_thirty_days("ChangeUserName", 3);
const ADDRESSES_CHANGED: Rate = Rate::per_day("ChangeEmail", 10);

/// How long a former user name stays reserved for its account.
pub(in crate::services) const NAME_HELD: Duration = Duration::from_hours(90 * 24);

pub(super) async fn change_user_name(
    context: &Context,
    caller: &Session,
    request: wire::ChangeUserNameRequest,
) -> Result<wire::ChangeUserNameResponse, Failure> {
    let name = user_name(&UserName::parse("user_name", &request.user_name)?)?;
    if context.store.account_summary(caller.account).await?.user_name == name.text {
        return Ok(wire::ChangeUserNameResponse {});
    }
    // The answer tells whether a name exists, as a look-up does.
    context.rates.take(&LOOK_UPS, caller.account)?;
    context.rates.take(&NAMES_CHANGED, caller.account)?;
    let now = context.now();
    let changed = context.store.change_user_name(caller.account, name, now.plus(NAME_HELD), now).await;
    if changed.is_err() {
        context.rates.give_back(&NAMES_CHANGED, caller.account);
    }
    changed?;
    Ok(wire::ChangeUserNameResponse {})
}

pub(super) async fn change_email(
    context: &Context,
    caller: &Session,
    request: wire::ChangeEmailRequest,
) -> Result<wire::ChangeEmailResponse, Failure> {
    let address = match request.email.as_str() {
        "" => None,
        text => Some(email(&Email::parse("email", text)?)),
    };
    context.rates.take(&ADDRESSES_CHANGED, caller.account)?;
    let change = context.store.change_email(caller.account, address, context.now()).await?;
    context.hint_account(caller.account, change).await;
    Ok(wire::ChangeEmailResponse {})
}

/// A user name as the store keeps it. Refuses those of the operator and the product.
pub(in crate::services) fn user_name(name: &UserName) -> Result<Name, Failure> {
    if name.is_reserved() {
        return Err(ErrorCode::NameNotAllowed.into());
    }
    Ok(Name { text: name.as_str().to_owned(), skeleton: name.skeleton() })
}

/// An address as the store keeps it. Nobody sees it, so it is only ever like itself.
pub(in crate::services) fn email(address: &Email) -> Name {
    Name { text: address.as_str().to_owned(), skeleton: address.as_str().to_owned() }
}
