//! A server that lies: to one device, in one of the ways of the catalogue, while it stays honest to all others.
//!
//! What the victim writes goes to the honest server. What it reads comes from a doctored copy, which is made consistent again: numbers
//! without holes, and running hashes that fit, as a careful liar would. The victim finds out by signatures or not at all.

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sotto_proto::{AccountId, ConversationId, Method};

use crate::model::{Answer, Fault, Model};
use crate::network::{Peer, Server};

/// A way to lie.
#[derive(Clone, Debug)]
pub enum Trick {
    /// A device that the account's identity key did not certify is listed in it.
    GhostDevice(AccountId),
    /// Another identity key is shown, with certificates that fit it.
    ReplacedIdentity(AccountId),
    /// The certificates of one account are shown as those of another.
    MovedDevice {
        /// Whose certificates they are.
        from: AccountId,
        /// As whose they are shown.
        to: AccountId,
    },
    /// A commit of another conversation, which would let somebody in, is put into the log.
    ForeignCommit {
        /// Where it comes from.
        from: ConversationId,
        /// Where it is put.
        to: ConversationId,
    },
    /// The commit that once added somebody is served again as a new one.
    OldCommit(ConversationId),
    /// The last event is there several times.
    Replay(ConversationId, usize),
    /// The last two events have changed places.
    Reorder(ConversationId),
    /// The last event but one is left out.
    Drop(ConversationId),
    /// The last event of one conversation is put into another.
    MovedEvent {
        /// Where it comes from.
        from: ConversationId,
        /// Where it is put.
        to: ConversationId,
    },
    /// The last event is there again, as if somebody had said the same.
    Reflect(ConversationId),
    /// The key package that was handed out first is handed out again.
    StaleKeyPackage,
    /// The server speaks only a version of the protocol that is none.
    WeakerVersion,
    /// From now on the victim lives in a world of its own.
    Fork,
    /// The victim is not told of commits from now on, nor of what follows them.
    WithheldCommits,
    /// The log begins later than it does.
    Truncated(ConversationId),
    /// The victim is shown the server as it was when the lie began.
    RolledBack,
    /// Times are a year off.
    WrongTimes,
    /// Another identity key is shown, and a directory of keys of its own that fits it.
    SplitDirectory(AccountId),
    /// The directory of keys is as it was when the lie began; all else is as it is.
    OldDirectory,
    /// The directory says that an account has another key, and nothing else says so, so that its owner does not see it.
    HiddenKey(AccountId),
    /// There is no directory of keys any more.
    NoDirectory,
}

impl Trick {
    /// Its case in the catalogue.
    pub fn case(&self) -> &'static str {
        match self {
            Self::GhostDevice(_) => "S1",
            Self::ReplacedIdentity(_) => "S2",
            Self::MovedDevice { .. } => "S3",
            Self::ForeignCommit { .. } => "S4",
            Self::OldCommit(_) => "S5",
            Self::Replay(..) => "S6",
            Self::Reorder(_) => "S7",
            Self::Drop(_) => "S8",
            Self::MovedEvent { .. } => "S10",
            Self::Reflect(_) => "S11",
            Self::StaleKeyPackage => "S12",
            Self::WeakerVersion => "S13",
            Self::Fork => "S14",
            Self::WithheldCommits => "S15",
            Self::Truncated(_) | Self::RolledBack => "S16",
            Self::WrongTimes => "S30",
            Self::SplitDirectory(_) => "S24",
            Self::OldDirectory | Self::NoDirectory => "S25",
            Self::HiddenKey(_) => "S26",
        }
    }
}

impl Trick {
    /// Whether the lie is a world of its own, that goes on, about keys and their directory alone.
    fn lasts(&self) -> bool {
        matches!(self, Self::SplitDirectory(_) | Self::OldDirectory | Self::HiddenKey(_) | Self::NoDirectory)
    }

    fn is_about(&self, method: Method) -> bool {
        let keys = [Method::AccountLookUpUser, Method::AccountGetAccountKeys, Method::KeyClaimKeyPackages];
        let tells_keys = matches!(self, Self::SplitDirectory(_)) && keys.contains(&method);
        tells_keys || method.path().starts_with("sotto.v1.DirectoryService/")
    }
}

/// A server that may lie.
#[derive(Debug)]
pub struct Mischief {
    /// What everybody else sees.
    pub honest: Model,
    lie: Option<Lie>,
}

#[derive(Debug)]
struct Lie {
    victim: Peer,
    trick: Trick,
    /// The server when the lie began.
    then: Model,
}

impl Mischief {
    /// An honest server, for now.
    pub fn new(honest: Model) -> Self {
        Self { honest, lie: None }
    }

    /// Begins to lie.
    pub fn begin(&mut self, victim: Peer, trick: Trick) {
        self.begin_from(victim, trick, self.honest.clone());
    }

    /// Begins to lie with the server as it was at another time.
    pub fn begin_from(&mut self, victim: Peer, trick: Trick, mut then: Model) {
        if trick.lasts() {
            then.doctor(&trick, &mut StdRng::seed_from_u64(0));
        }
        self.lie = Some(Lie { victim, trick, then });
    }

    /// Ends the lie.
    pub fn repent(&mut self) {
        self.lie = None;
    }
}

impl Server for Mischief {
    fn call(
        &mut self,
        now_ms: u64,
        from: Peer,
        token: Option<&str>,
        method: Method,
        body: Bytes,
        rng: &mut StdRng,
    ) -> Result<Answer, Fault> {
        let Some(lie) = self.lie.as_mut().filter(|lie| lie.victim == from) else {
            return self.honest.call(now_ms, token, method, body, rng);
        };
        if matches!(lie.trick, Trick::Fork) && !method.path().contains("AuthService") {
            lie.then.adopt_sessions(&self.honest);
            return lie.then.call(now_ms, token, method, body, rng);
        }
        if lie.trick.lasts() {
            if !lie.trick.is_about(method) {
                return self.honest.call(now_ms, token, method, body, rng);
            }
            lie.then.adopt_sessions(&self.honest);
            return lie.then.call(now_ms, token, method, body, rng);
        }
        if !is_doctored(method) {
            return self.honest.call(now_ms, token, method, body, rng);
        }
        lie.doctored(&self.honest, rng).call(now_ms, token, method, body, rng)
    }

    fn items(&mut self, now_ms: u64, from: Peer, token: &str) -> Result<Vec<Bytes>, Fault> {
        let Some(lie) = self.lie.as_mut().filter(|lie| lie.victim == from) else {
            return self.honest.items(now_ms, token);
        };
        match lie.trick {
            Trick::Fork => lie.then.items(now_ms, token),
            _ if lie.trick.lasts() => self.honest.items(now_ms, token),
            // A stream only saves asking: whoever lies lets it be silent, and the victim asks.
            _ => Ok(Vec::new()),
        }
    }

    fn hang_up(&mut self, token: &str) {
        self.honest.hang_up(token);
        if let Some(lie) = &mut self.lie {
            lie.then.hang_up(token);
        }
    }
}

impl Lie {
    /// What the victim reads from.
    fn doctored(&self, honest: &Model, rng: &mut StdRng) -> Model {
        match self.trick {
            Trick::RolledBack => {
                let mut then = self.then.clone();
                then.adopt_sessions(honest);
                then
            }
            Trick::WithheldCommits => honest.without_commits_after(&self.then),
            _ => {
                let mut doctored = honest.clone();
                doctored.doctor(&self.trick, rng);
                doctored
            }
        }
    }
}

/// The calls whose answers are lies. They change nothing that must last.
fn is_doctored(method: Method) -> bool {
    matches!(
        method,
        Method::AuthGetServerInfo
            | Method::AccountLookUpUser
            | Method::AccountGetAccountKeys
            | Method::KeyClaimKeyPackages
            | Method::ConversationReadRange
            | Method::ConversationSync
    )
}
