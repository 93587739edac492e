//! The state of the vault device in a conversation: kept sealed, by version, for as long as anybody may need it.

use sotto_proto::wire::{self, ErrorCode};

use crate::chat::Chat;
use crate::community::{Community, Device, code, tree};

fn checkpoint(chat: &Chat, version: u64, epoch: u64, sealed: &[u8]) -> wire::PutCheckpointRequest {
    let checkpoint = wire::Checkpoint {
        conversation_id: chat.id.to_wire(),
        version,
        generation: chat.generation,
        epoch,
        sealed: sealed.to_vec().into(),
    };
    wire::PutCheckpointRequest { checkpoint: Some(checkpoint) }
}

async fn read(chat: &Chat, device: &Device) -> Vec<wire::Checkpoint> {
    let request = wire::GetCheckpointsRequest { conversation_ids: vec![chat.id.to_wire(), vec![9; 16].into()] };
    device.call(&chat.node, request).await.unwrap().checkpoints
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_is_replaced_by_the_next_version_only_s19() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let put = |request| ann.device.call(&node, request);

    put(checkpoint(&chat, 1, 1, b"first")).await.unwrap();
    put(checkpoint(&chat, 1, 1, b"first")).await.unwrap();
    for stale in [checkpoint(&chat, 1, 1, b"other"), checkpoint(&chat, 3, 1, b"third")] {
        let detail = put(stale).await.unwrap_err().into_detail();
        assert_eq!((ErrorCode::of(&detail), detail.version), (ErrorCode::VersionConflict, 1));
    }
    put(checkpoint(&chat, 2, 1, b"second")).await.unwrap();
    let kept = read(&chat, &ann.device).await;
    assert_eq!((kept.len(), kept[0].version, &kept[0].sealed[..]), (1, 2, &b"second"[..]));
    assert_eq!(read(&chat, &ben.device).await, [], "each account has its own");

    let stranger = community.person("cat").await;
    assert_eq!(code(stranger.device.call(&node, checkpoint(&chat, 1, 1, b"mine")).await), ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_drops_the_welcome_that_led_there_and_keeps_its_tree() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let waits = || async {
        let request = wire::ListWelcomesRequest {
            device_id: ben.vault.id.to_wire(),
            conversation_id: chat.id.to_wire(),
            after_welcome_id: bytes::Bytes::new(),
        };
        ben.device.call(&node, request).await.unwrap().welcomes.len()
    };
    assert_eq!(waits().await, 1);
    ben.device.call(&node, checkpoint(&chat, 1, 1, b"state")).await.unwrap();
    assert_eq!(waits().await, 0);

    for _ in 0..3 {
        chat.change(&mut community, &ann.device, sotto_crypto::mls::group::Changes::new()).await.unwrap();
    }
    let of_checkpoint =
        wire::GetTreeRequest { conversation_id: chat.id.to_wire(), generation: chat.generation, epoch: 1 };
    assert!(!tree(&ben.device, &node, of_checkpoint).await.unwrap().is_empty());
}
