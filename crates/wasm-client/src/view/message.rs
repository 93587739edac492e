use serde::Deserialize;
use sotto_client::timeline;
use sotto_proto::wire;
use tsify::Tsify;

use crate::failure::Failure;

/// A message to be written.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// With its markup as people type it.
    text: String,
    /// Who may be called by `@name` in it.
    #[tsify(optional)]
    #[serde(default)]
    called: Vec<Called>,
    #[tsify(optional)]
    #[serde(default)]
    reply_to: Option<Answered>,
}

/// Somebody who may be called by name.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Called {
    user_name: String,
    account: String,
}

/// The message that is answered.
#[derive(Debug, Deserialize, Tsify)]
pub struct Answered {
    target: Target,
    author: String,
    quote: String,
}

/// A message that is acted on, by its id and its place.
#[derive(Debug, Deserialize, Tsify)]
pub struct Target {
    event: String,
    seq: u64,
}

impl Target {
    pub(crate) fn parse(&self) -> Result<wire::EventRef, Failure> {
        let event: sotto_proto::EventId = self.event.parse()?;
        Ok(wire::EventRef { event_id: event.to_wire(), seq: self.seq })
    }
}

impl NewMessage {
    pub(crate) fn parse(self) -> Result<wire::TextMessage, Failure> {
        let quotation = self.reply_to.map(|answered| -> Result<_, Failure> {
            let author: sotto_proto::AccountId = answered.author.parse()?;
            let target = Some(answered.target.parse()?);
            Ok(wire::Quotation { target, author_account_id: author.to_wire(), quote: answered.quote })
        });
        let called = self.called.into_iter().map(|one| Ok((one.user_name, one.account.parse()?)));
        let called = called.collect::<Result<Vec<_>, Failure>>()?;
        Ok(wire::TextMessage {
            body: Some(timeline::marked(&self.text, &called)),
            quotation: quotation.transpose()?,
            ..wire::TextMessage::default()
        })
    }
}
