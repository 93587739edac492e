//! Strangers ask; people answer, block, and report.

use sotto_crypto::mls::governance::{Kind, Policy};
use sotto_proto::wire::{self, ErrorCode, Standing};

use crate::chat::{Chat, draft};
use crate::community::{Community, code};

#[tokio::test]
async fn acquaintances_are_added_and_strangers_ask() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben, cat) = (community.person("ann").await, community.person("ben").await, community.person("cat").await);
    let first = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    assert_eq!(first.head(&ben.device).await.standing(), Standing::Requested);
    ben.device.call(&node, wire::AcceptRequestRequest { conversation_id: first.id.to_wire() }).await.unwrap();
    let second = Chat::group(&mut community, &node, &ann, &[&ben, &cat]).await;
    assert_eq!(second.head(&ben.device).await.standing(), Standing::Member, "they know each other");
    assert_eq!(second.head(&cat.device).await.standing(), Standing::Requested);

    let decline = wire::DeclineRequestRequest { conversation_id: second.id.to_wire(), block: true };
    assert_eq!(code(ben.device.call(&node, decline.clone()).await), ErrorCode::NotFound, "it is no request");
    cat.device.call(&node, decline).await.unwrap();
    assert_eq!(code(second.log(&cat.device).await), ErrorCode::NotFound);
    let event = second.event(&mut community, &ann.device);
    assert_eq!(code(cat.device.call(&node, event).await), ErrorCode::NotFound);
    second.say(&mut community, &ann.device).await.unwrap();

    // Cat has blocked Ann, and so has nobody told her.
    let policy = Policy::default_for(Kind::Direct);
    let direct = draft(&mut community, &node, Kind::Direct, policy, &ann, &[&cat]).request;
    assert_eq!(code(ann.device.call(&node, direct).await), ErrorCode::HandshakeForbidden);
    let direct = draft(&mut community, &node, Kind::Direct, policy, &cat, &[&ann]).request;
    cat.device.call(&node, direct).await.unwrap();
}

#[tokio::test]
async fn reports_reach_the_operator_once() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben, cat) = (community.person("ann").await, community.person("ben").await, community.person("cat").await);
    let chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let report = wire::ReportRequest {
        report_id: vec![3; 16].into(),
        account_id: ann.account.to_wire(),
        conversation_id: chat.id.to_wire(),
        reason: wire::ReportReason::Spam.into(),
        comment: "buys and sells".to_owned(),
        shown: String::new(),
    };
    assert_eq!(code(cat.device.call(&node, report.clone()).await), ErrorCode::NotFound, "not her conversation");
    let unknown = wire::ReportRequest { account_id: vec![9; 16].into(), ..report.clone() };
    assert_eq!(code(ben.device.call(&node, unknown).await), ErrorCode::NotFound);
    for _ in 0..2 {
        ben.device.call(&node, report.clone()).await.unwrap();
    }
    let other = wire::ReportRequest { reason: wire::ReportReason::Other.into(), ..report.clone() };
    assert_eq!(code(ben.device.call(&node, other).await), ErrorCode::IdTaken);
    let long = wire::ReportRequest { comment: "x".repeat(2_001), ..report };
    assert_eq!(code(ben.device.call(&node, long).await), ErrorCode::InvalidArgument);
    assert_eq!(community.store.open_reports(None, 10).await.unwrap().0.len(), 1);
}
