//! The methods of all services, and what the contract says of each.

use crate::limits::{MEDIUM_REQUEST_MAX, MESSAGE_MAX, SMALL_REQUEST_MAX};
use crate::wire;

include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// Who may call a method. Each level includes what the one before it demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Nobody in particular: no token is looked at.
    Anyone,
    /// A live session, also of a device without a certificate.
    Session,
    /// A session whose device is certified.
    Device,
    /// A session that was opened, or confirmed by another login of its device, within the last ten minutes.
    /// [`Method::AccountGetVault`] asks it of devices that are not certified too.
    Fresh,
    /// A certified device of an admin.
    Admin,
}

/// A request, the method that it calls and the reply that it gets.
pub trait Call: crate::Wire {
    /// The method.
    const METHOD: Method;
    /// The reply, or one item of the stream.
    type Response: crate::Wire;
}

/// What the contract says of a method; one for each, in the order of the enum.
struct Facts {
    path: &'static str,
    access: Access,
    streams: bool,
}

impl Method {
    /// Service and name, as in a request frame.
    pub const fn path(self) -> &'static str {
        FACTS[self as usize].path
    }

    /// Who may call it.
    pub const fn access(self) -> Access {
        FACTS[self as usize].access
    }

    /// Whether it answers with a stream.
    pub const fn streams(self) -> bool {
        FACTS[self as usize].streams
    }

    /// Most bytes of an encoded request. What is larger is refused before it is read.
    pub const fn request_max(self) -> usize {
        match self {
            Self::ConversationCreateConversation | Self::ConversationCommit | Self::ConversationNewGeneration => {
                MESSAGE_MAX
            }
            Self::AccountPutCheckpoint | Self::KeyPublishKeyPackages | Self::FileUploadPart => MEDIUM_REQUEST_MAX,
            _ => SMALL_REQUEST_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::limits::METHOD_MAX;

    #[test]
    fn paths_are_distinct_short_and_found_again() {
        let paths: BTreeSet<_> = Method::ALL.iter().map(|method| method.path()).collect();
        assert_eq!(paths.len(), Method::ALL.len());
        for method in Method::ALL {
            assert!(method.path().len() <= METHOD_MAX);
            assert_eq!(Method::from_path(method.path()), Some(method));
        }
        assert_eq!(Method::from_path("sotto.v1.ConversationService/append"), None);
        assert_eq!(Method::from_path(""), None);
    }

    #[test]
    fn requests_know_their_method() {
        assert_eq!(wire::AppendRequest::METHOD.path(), "sotto.v1.ConversationService/Append");
        assert!(wire::SubscribeRequest::METHOD.streams());
        assert!(!wire::LogoutRequest::METHOD.streams());
    }

    #[test]
    fn access_is_what_the_contract_says() {
        assert_eq!(Method::AuthLoginStart.access(), Access::Anyone);
        assert_eq!(Method::AccountAddDevice.access(), Access::Session);
        assert_eq!(Method::ConversationAppend.access(), Access::Device);
        assert_eq!(Method::AuthDeleteAccount.access(), Access::Fresh);
        for method in Method::ALL {
            let in_admin_service = method.path().starts_with("sotto.v1.AdminService/");
            assert_eq!(method.access() == Access::Admin, in_admin_service, "{method:?}");
        }
    }

    #[test]
    fn nobody_without_an_account_gets_beyond_the_auth_service_and_the_audit_of_the_directory() {
        let audits = [Method::DirectoryGetHead, Method::DirectoryListSteps];
        for method in Method::ALL.into_iter().filter(|method| method.access() == Access::Anyone) {
            assert!(method.path().starts_with("sotto.v1.AuthService/") || audits.contains(&method), "{method:?}");
        }
    }
}
