//! A running server with all that it stands on, and scenarios that run on it side by side.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sotto_server_tests::backing::{Backing, BusKind, StoreKind};
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::Town;
use sotto_server_tests::program::Program;

/// A server on its own database and bus.
pub(crate) struct Community {
    pub(crate) program: Program,
    pub(crate) backing: Backing,
}

impl Community {
    pub(crate) async fn start(store: StoreKind, bus: BusKind) -> Self {
        Self::start_with(store, bus, &[]).await
    }

    pub(crate) async fn start_with(store: StoreKind, bus: BusKind, flags: &[&str]) -> Self {
        let backing = Backing::new(store, bus).await.unwrap();
        let program = Program::start(&flags_of(&backing, flags)).unwrap();
        Self { program, backing }
    }

    pub(crate) async fn town(&self, transport: Transport) -> Town {
        Town::at(self.program.address(), transport).await.unwrap()
    }

    pub(crate) async fn end(mut self) {
        self.program.stop().unwrap();
        self.backing.remove().await.unwrap();
    }
}

/// Tests come from one address and do in a minute what people do in a month: no rates.
pub(crate) fn flags_of(backing: &Backing, more: &[&str]) -> Vec<String> {
    let own = ["--rate-percent", "0"].iter().chain(more).map(|flag| (*flag).to_owned());
    backing.flags().into_iter().chain(own).collect()
}

/// A story with a name, to be told of when it goes wrong.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) play: fn(Town) -> BoxFuture<'static, Result<()>>,
}

/// Lists functions as scenarios under their own names.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        &[$($crate::community::Scenario {
            name: stringify!($name),
            play: |town| futures_util::FutureExt::boxed($name(town)),
        }),*]
    };
}
pub(crate) use scenarios;

/// Plays all of them at once over each transport, and tells what went wrong.
pub(crate) async fn play(
    community: &Community,
    scenarios: &'static [Scenario],
    transports: &[Transport],
) -> Vec<String> {
    let mut playing = Vec::new();
    for transport in transports {
        let town = community.town(*transport).await;
        for scenario in scenarios {
            let story = tokio::time::timeout(PATIENCE, (scenario.play)(town.clone()));
            playing.push((*transport, scenario.name, tokio::spawn(story.map(|told| told.context("takes too long")?))));
        }
    }
    let mut wrong = Vec::new();
    for (transport, name, story) in playing {
        match story.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => wrong.push(format!("{name} over {transport:?}: {error:#}")),
            Err(panic) => wrong.push(format!("{name} over {transport:?}: {panic}")),
        }
    }
    wrong
}

/// Fails with all that went wrong, and with the end of what the server said.
pub(crate) fn all_is_well(community: &Community, wrong: &[String]) {
    let log = last_lines(&community.program.log());
    assert!(wrong.is_empty(), "{}\n\nThe server's log:\n{log}", wrong.join("\n"));
}

/// The end of a log, without its news.
pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().filter(|line| !line.contains("\"INFO\"")).collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

const PATIENCE: Duration = Duration::from_mins(4);
