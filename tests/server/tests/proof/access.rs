//! Who may call what (A1, A2): every method by everybody. A method without a row here does not compile.

mod requests;
mod rows;
mod stage;

use std::fmt;

use sotto_proto::Method;
use sotto_proto::wire::ErrorCode;
use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::link::Transport;

use self::stage::{Role, Stage};
use crate::community::Community;

/// What a call comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Refused(ErrorCode),
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Refused(code) => f.write_str(code.as_str_name().trim_start_matches("ERROR_CODE_")),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_answers_everybody_as_the_contract_says_over_frames_a1() {
    every_method_answers_everybody(StoreKind::Sqlite, Transport::Frames).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_answers_everybody_as_the_contract_says_over_grpc_a1() {
    every_method_answers_everybody(StoreKind::Postgres, Transport::Grpc).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_answers_everybody_as_the_contract_says_over_grpc_web_a1() {
    every_method_answers_everybody(StoreKind::Sqlite, Transport::GrpcWeb).await;
}

async fn every_method_answers_everybody(store: StoreKind, transport: Transport) {
    let mut community = Community::start(store, BusKind::Local).await;
    let stage = Stage::set(&mut community, transport).await;
    let mut wrong = Vec::new();
    for method in in_an_order_that_leaves_the_stage_standing() {
        for role in Role::ALL {
            let expected = rows::expected(method, role);
            let found = stage.play(role, method, requests::request(method, role, &stage)).await;
            if found != expected {
                wrong.push(format!("{method:?} by {role:?}: {found:?} instead of {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them are wrong:\n{}", wrong.len(), wrong.join("\n"));
    drop(stage);
    community.end().await;
}

/// Whoever may not see something learns nothing from how it is refused, down to the last byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_yours_is_answered_like_what_is_not_there_a2() {
    let mut community = Community::start(StoreKind::Sqlite, BusKind::Local).await;
    let stage = Stage::set(&mut community, Transport::Frames).await;
    let nowhere = stage.elsewhere();
    let mut compared = 0;
    for method in Method::ALL.into_iter().filter(|method| rows::names_an_object(*method)) {
        let foreign = stage.answer(Role::Stranger, method, requests::request(method, Role::Stranger, &stage)).await;
        let absent = stage.answer(Role::Stranger, method, requests::request(method, Role::Stranger, &nowhere)).await;
        assert_eq!(foreign, absent, "{method:?}");
        compared += 1;
    }
    assert!(compared > 20, "only {compared} methods were compared");
    drop((stage, nowhere));
    community.end().await;
}

/// What ends a session comes last.
fn in_an_order_that_leaves_the_stage_standing() -> Vec<Method> {
    let (last, mut order): (Vec<_>, Vec<_>) = Method::ALL.into_iter().partition(|method| *method == Method::AuthLogout);
    order.extend(last);
    order
}
