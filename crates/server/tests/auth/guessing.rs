use std::time::Duration;

use sotto_crypto::login::{Login, Password};
use sotto_proto::wire::{self, ErrorCode, ErrorDetail};

use crate::people::code;
use crate::support::World;

/// On a node that has its rates, which are its own: one database is enough.
macro_rules! with_rates {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let home = crate::support::database::Sqlite::new();
                let store = home.open().await.unwrap();
                super::$scenario(&crate::support::world(store.clone(), 100)).await;
                store.close().await;
            }
        }
    )*};
}

with_rates!(
    guessing_a_password_takes_longer_and_longer_a4,
    the_owner_gets_in_from_elsewhere_a4,
    an_address_tries_few_names_a4,
    registrations_and_recoveries_are_few_for_an_address,
    a_script_starts_a_program_for_each_command,
);

async fn guess(world: &World, address: u8, name: &str) -> Result<wire::LoginStartResponse, ErrorDetail> {
    let password = Password::new("a guess").unwrap();
    let (_, ke1) = world.with_rng(|rng| Login::start(password, rng)).unwrap();
    world.ask_from(address, wire::LoginStartRequest { login_name: name.to_owned(), ke1: ke1.into() }).await
}

async fn guessing_a_password_takes_longer_and_longer_a4(world: &World) {
    world.join("alice").await;
    for name in ["alice", "nobody"] {
        let mut waits = Vec::new();
        while waits.len() < 8 {
            match guess(world, 9, name).await {
                Ok(_) => {}
                Err(refused) => {
                    assert_eq!(ErrorCode::of(&refused), ErrorCode::RateLimited);
                    waits.push(refused.retry_after_ms / 1_000);
                    world.clock.advance(Duration::from_millis(refused.retry_after_ms.into()));
                }
            }
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300, 300], "{name}");
    }
}

async fn the_owner_gets_in_from_elsewhere_a4(world: &World) {
    let alice = world.join("alice").await;
    while guess(world, 9, "alice").await.is_ok() {}
    // From where nobody guessed, there is no wait.
    world.session_on(&alice, &alice.phone).await;
}

async fn an_address_tries_few_names_a4(world: &World) {
    for number in 0..30 {
        guess(world, 9, &format!("name{number}")).await.unwrap();
    }
    assert_eq!(code(guess(world, 9, "name99").await), ErrorCode::RateLimited);
    guess(world, 8, "name99").await.unwrap();
    // And a name is tried from few addresses at a time.
    for address in 10..20 {
        guess(world, address, "popular").await.unwrap();
    }
    assert_eq!(code(guess(world, 20, "popular").await), ErrorCode::RateLimited);
    world.clock.advance(Duration::from_mins(1));
    guess(world, 20, "popular").await.unwrap();
}

async fn registrations_and_recoveries_are_few_for_an_address(world: &World) {
    let start = |number: u8| wire::RegisterStartRequest {
        account_id: bytes::Bytes::from(vec![number; 16]),
        user_name: format!("name.{}", char::from(b'a' + number)),
        opaque_request: world.begin_password("whatever").1,
    };
    let recover = |number: u8| wire::RecoverStartRequest { login_name: format!("name{number}") };
    for number in 0..10 {
        world.ask_from(9, start(number)).await.unwrap();
        world.ask_from(9, recover(number)).await.unwrap();
    }
    assert_eq!(code(world.ask_from(9, start(11)).await), ErrorCode::RateLimited);
    assert_eq!(code(world.ask_from(9, recover(11)).await), ErrorCode::RateLimited);
    world.ask_from(8, start(11)).await.unwrap();
}

/// What each start asks for.
async fn a_script_starts_a_program_for_each_command(world: &World) {
    let alice = world.join("alice").await;
    let mut session = alice.session.clone();
    for start in 0..100 {
        world.ask(wire::GetServerInfoRequest {}).await.unwrap();
        session = world.ask(alice.refresh(world, &session, start)).await.unwrap().session.unwrap();
    }
}
