//! The group context as Sotto uses it: the agreement, the server as external sender, and what every leaf must support.

use std::collections::BTreeMap;

use mls_rs::extension::built_in::{ExternalSendersExt, RequiredCapabilitiesExt};
use mls_rs::group::{GroupContext, Roster};
use mls_rs::{Extension, ExtensionList};

use super::credential::{CERTIFICATE_CREDENTIAL, CredentialError, SERVER_CREDENTIAL, read_leaf, server_identity};
use super::governance::{Governance, GovernanceError};
use super::standing::{SeatError, Standing, seat};
use super::suite::Suite;

/// The type of the extension that holds the agreement, from the private range (RFC 9420 §17.3).
pub const GOVERNANCE_EXTENSION: u16 = 0xF050;

/// Why a group context is not one of Sotto's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// There is no agreement in it.
    #[error("the group context has no agreement")]
    NoAgreement,
    /// The agreement cannot be read.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// Beside the agreement, the context does not have exactly the extensions that follow from it.
    #[error("the group context's extensions are not those that follow from the agreement")]
    WrongExtensions,
    /// The group's name does not belong to the conversation and generation.
    #[error("the group id does not fit the agreement")]
    WrongGroupId,
    /// The group's suite is not the pinned one.
    #[error("the cipher suite is not the one in the agreement")]
    WrongSuite,
}

/// Why the members of a group cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandingError {
    /// The context is not one of ours.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A leaf does not carry a device certificate.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The leaves do not go together.
    #[error(transparent)]
    Seat(#[from] SeatError),
}

/// The extensions of a group with this agreement. All but the agreement follow from it.
pub fn extensions_for(governance: &Governance) -> Result<ExtensionList, GovernanceError> {
    let mut extensions = ExtensionList::new();
    extensions.set(Extension::new(GOVERNANCE_EXTENSION.into(), governance.encode()?));
    let server = ExternalSendersExt::new(vec![server_identity(&governance.server_key)]);
    extensions.set_from(server).expect("one identity of fixed size can be encoded");
    let required = RequiredCapabilitiesExt {
        extensions: vec![GOVERNANCE_EXTENSION.into()],
        proposals: Vec::new(),
        credentials: vec![CERTIFICATE_CREDENTIAL.into(), SERVER_CREDENTIAL.into()],
    };
    extensions.set_from(required).expect("three numbers can be encoded");
    Ok(extensions)
}

/// The agreement in `extensions`, which must have nothing else than what follows from it.
pub fn governance_of(extensions: &ExtensionList) -> Result<Governance, ContextError> {
    let agreement = extensions.get(GOVERNANCE_EXTENSION.into()).ok_or(ContextError::NoAgreement)?;
    let governance = Governance::decode(&agreement.extension_data)?;
    if *extensions == extensions_for(&governance)? { Ok(governance) } else { Err(ContextError::WrongExtensions) }
}

/// Who is a member of the group, and what they agreed on.
pub fn standing_of(context: &GroupContext, roster: &Roster<'_>) -> Result<Standing, StandingError> {
    let governance = governance_of(context.extensions())?;
    if context.group_id() != governance.group_id() {
        return Err(ContextError::WrongGroupId.into());
    }
    if Suite::from_number(context.cipher_suite().into()) != Some(governance.suite) {
        return Err(ContextError::WrongSuite.into());
    }
    let mut standing = Standing { epoch: context.epoch(), governance, accounts: BTreeMap::new() };
    for identity in roster.member_identities_iter() {
        seat(&mut standing.accounts, &read_leaf(identity)?)?;
    }
    Ok(standing)
}
