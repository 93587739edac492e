//! Checks the whole history of a server's directory of keys from outside: every head, every step between two, nothing taken back.

use data_encoding::HEXLOWER;
use serde::Serialize;
use sotto_client::engine::Failure as Refusal;
use sotto_crypto::directory::{DirectoryError, DirectoryKeys, Head, SignedHead, audit, hashes, log::Growing};
use sotto_native_client::Visitor;
use sotto_proto::wire;

use crate::arguments::Audit;
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::words::{Language, Message};

/// What was found.
#[derive(Serialize)]
struct AuditObject {
    server: String,
    /// The first and the last head whose step was checked; 0 when there was none.
    from: u64,
    to: u64,
    /// Accounts of which the keys changed, counted once for each head.
    changes: u64,
    /// The directory's keys, to be compared with those of an earlier audit.
    head_key: String,
    position_key: String,
    /// Hash of the last head, for a later audit to go on from.
    head: String,
}

impl Shown for AuditObject {
    fn in_words(&self, language: Language) -> String {
        let Self { from, to, changes, head, .. } = self;
        let (from, to, changes) = (from.to_string(), to.to_string(), changes.to_string());
        Message::AuditDone { from, to, changes, head: head.clone() }.say(language)
    }
}

pub(super) async fn run(audit: Audit, console: &mut Console) -> Result<(), Failure> {
    let server = audit.server.ok_or_else(|| Message::NoServer.misused())?;
    let mut auditor = Auditor::of(server)?;
    if audit.from > 0 {
        auditor.begin_at(audit.from, audit.head.as_deref()).await?;
    }
    while auditor.read_on().await? {
        console.progress(&auditor.last.map_or(0, |head| head.epoch).to_string());
    }
    console.progress("");
    auditor.compare_with_newest().await?;
    console.show(&auditor.found())
}

/// How far an audit is.
struct Auditor {
    server: String,
    visitor: Visitor,
    keys: Option<DirectoryKeys>,
    first: Option<Head>,
    last: Option<Head>,
    /// The tree over all heads, for an audit from the very first one.
    log: Option<Growing>,
    changes: u64,
    checked_from: u64,
}

impl Auditor {
    fn of(server: String) -> Result<Self, Failure> {
        let visitor = Visitor::of(&server)?;
        Ok(Self { server, visitor, keys: None, first: None, last: None, log: None, changes: 0, checked_from: 0 })
    }

    /// Takes the head of this number as it is, or as somebody knows it by its hash.
    async fn begin_at(&mut self, epoch: u64, hash: Option<&str>) -> Result<(), Failure> {
        let reply = self.steps(epoch.saturating_sub(1)).await?;
        let keys = self.check_keys(reply.keys.as_ref())?;
        let step = reply.steps.first().ok_or_else(|| Message::NoSuchHead { epoch: epoch.to_string() }.failed())?;
        let head = verified(&keys, step.head.as_ref(), epoch)?;
        if head.epoch != epoch {
            return Err(Message::NoSuchHead { epoch: epoch.to_string() }.failed());
        }
        if hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(&HEXLOWER.encode(&head.hash()))) {
            return Err(contradiction(epoch, DirectoryError::Forked));
        }
        (self.first, self.last) = (Some(head), Some(head));
        Ok(())
    }

    /// Checks the next steps, and says whether there are more.
    async fn read_on(&mut self) -> Result<bool, Failure> {
        let after = self.last.map_or(0, |head| head.epoch);
        let reply = self.steps(after).await?;
        let keys = self.check_keys(reply.keys.as_ref())?;
        if reply.more && reply.steps.is_empty() {
            return Err(contradiction(after, DirectoryError::Malformed));
        }
        for step in &reply.steps {
            let epoch = self.last.map_or(0, |head| head.epoch) + 1;
            let head = verified(&keys, step.head.as_ref(), epoch)?;
            self.take(head, &step.audit).map_err(|error| contradiction(epoch, error))?;
        }
        Ok(reply.more)
    }

    fn take(&mut self, head: Head, shown: &[u8]) -> Result<(), DirectoryError> {
        let grown = audit::verify(self.last.as_ref(), &head, shown)?;
        if self.last.is_none() {
            self.log = Some(Growing::default());
        }
        if let Some(log) = &mut self.log {
            if log.root() != head.log_root {
                return Err(DirectoryError::Forked);
            }
            log.push(head.hash());
        }
        if self.checked_from == 0 {
            self.checked_from = head.epoch;
        }
        self.first.get_or_insert(head);
        self.last = Some(head);
        self.changes += u64::try_from(grown).unwrap_or(u64::MAX);
        Ok(())
    }

    /// The head that everybody is shown goes on from the first and from the last one that were audited.
    async fn compare_with_newest(&mut self) -> Result<(), Failure> {
        let audited: Vec<Head> = self.first.into_iter().chain(self.last).collect();
        let epochs = audited.iter().map(|head| head.epoch).collect();
        let reply =
            self.visitor.call(&wire::GetHeadRequest { epochs }).await.map_err(|failure| self.refused(&failure))?;
        let keys = self.check_keys(reply.keys.as_ref())?;
        let Some(newest) = reply.head.as_ref() else {
            return audited.first().map_or(Ok(()), |head| Err(contradiction(head.epoch, DirectoryError::WentBack)));
        };
        let newest = verified(&keys, Some(newest), newest.epoch)?;
        for head in audited {
            let proof = reply.proofs.iter().find(|proof| proof.epoch == head.epoch);
            let path = proof.map_or(Ok(Vec::new()), |proof| hashes(&proof.path));
            let goes_on = path.and_then(|path| newest.goes_on_from(head.epoch, &head.hash(), &path));
            goes_on.map_err(|error| contradiction(head.epoch, error))?;
        }
        Ok(())
    }

    /// The keys, which are the same in every answer.
    fn check_keys(&mut self, keys: Option<&wire::DirectoryKeys>) -> Result<DirectoryKeys, Failure> {
        let keys = keys.ok_or(DirectoryError::Malformed).and_then(DirectoryKeys::try_from);
        let keys = keys.map_err(|error| contradiction(0, error))?;
        match *self.keys.get_or_insert(keys) {
            known if known == keys => Ok(keys),
            _ => Err(contradiction(0, DirectoryError::BadKey)),
        }
    }

    async fn steps(&self, after_epoch: u64) -> Result<wire::ListStepsResponse, Failure> {
        let reply = self.visitor.call(&wire::ListStepsRequest { after_epoch }).await;
        reply.map_err(|failure| self.refused(&failure))
    }

    fn refused(&self, failure: &Refusal) -> Failure {
        match failure.code() {
            None => Message::Unreachable { server: self.server.clone() }.failed(),
            Some(wire::ErrorCode::UnknownMethod) => Message::NoDirectory.failed(),
            Some(code) => Message::Refused { code: code.as_str_name().to_owned() }.failed(),
        }
    }

    fn found(&self) -> AuditObject {
        let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
        AuditObject {
            server: self.server.clone(),
            from: self.checked_from,
            to: self.last.filter(|_| self.checked_from > 0).map_or(0, |head| head.epoch),
            changes: self.changes,
            head_key: self.keys.map(|keys| hex(&keys.heads)).unwrap_or_default(),
            position_key: self.keys.map(|keys| hex(&keys.positions)).unwrap_or_default(),
            head: self.last.map(|head| hex(&head.hash())).unwrap_or_default(),
        }
    }
}

fn verified(keys: &DirectoryKeys, head: Option<&wire::SignedHead>, epoch: u64) -> Result<Head, Failure> {
    let signed = head.ok_or(DirectoryError::Malformed).and_then(SignedHead::try_from);
    signed.and_then(|signed| keys.verify_head(&signed)).map_err(|error| contradiction(epoch, error))
}

fn contradiction(epoch: u64, error: DirectoryError) -> Failure {
    Message::AuditFailed { epoch: epoch.to_string(), why: error.to_string() }.not_safe()
}
