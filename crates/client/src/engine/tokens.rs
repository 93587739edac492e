//! New tokens for the session of this device, and its end.

use sotto_crypto::proof::Call as Proof;
use sotto_proto::{Method, RequestId, wire};

use super::account::{State, Wants};
use super::change::Change;
use super::requests::Lane;
use super::step::{Mishap, Step};

impl Step<'_, '_> {
    /// Asks for new tokens.
    pub(super) fn refresh(&mut self) -> Result<(), Mishap> {
        if self.is_busy(Lane::Session)? {
            return Ok(());
        }
        if !self.memory.clock_is_set {
            self.memory.traffic.call(&wire::GetServerInfoRequest {});
        }
        let id = RequestId::from_bytes(self.moment.random());
        let request = self.refresh_request(id)?;
        Ok(self.call(Lane::Session, &request)?)
    }

    /// The same request with a proof of now. It may have been answered, and to the server a second request for its token is a thief's.
    pub(super) fn sign_refresh_again(&mut self) -> Result<(), Mishap> {
        let waiting = self.kept_in(Lane::Session)?;
        let Some((ticket, kept)) = waiting.filter(|(_, kept)| kept.method == Method::AuthRefresh) else {
            return Ok(());
        };
        let former: wire::RefreshRequest = kept.request()?;
        let id = RequestId::parse("request_id", &former.request_id).map_err(|_| Mishap::Bad("a stored call"))?;
        let request = self.refresh_request(id)?;
        self.replace(ticket, &request)?;
        self.memory.traffic.hurry(ticket);
        Ok(())
    }

    fn refresh_request(&self, id: RequestId) -> Result<wire::RefreshRequest, Mishap> {
        let account = self.account()?;
        let token = account.refresh_token.to_string();
        let call = Proof::Refresh { request: id, token: token.as_bytes() };
        let proof = self.prove(account.id, account.device, &account.key, call);
        Ok(wire::RefreshRequest { refresh_token: token, request_id: id.to_wire(), device: Some(proof) })
    }

    pub(super) fn refreshed(&mut self, reply: wire::RefreshResponse) -> Result<(), Mishap> {
        let session = reply.session.ok_or(Mishap::Bad("session"))?;
        self.memory.token_is_stale = false;
        let entering = self.account()?.state == State::Entering;
        self.update(|account| {
            account.take(&session);
            account.wants.remove(Wants::TOKEN);
            if session.certified {
                account.state = State::InUse;
            }
        })?;
        if entering && session.certified {
            self.tell(Change::SignedIn);
        }
        Ok(())
    }

    /// The server ended the session. What is here stays.
    pub(super) fn signed_out(&mut self) -> Result<(), Mishap> {
        self.forget(Lane::Session)?;
        self.update(|account| account.state = State::SignedOut)?;
        self.tell(Change::SignedOut);
        Ok(())
    }
}
