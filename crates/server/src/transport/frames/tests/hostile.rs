use proptest::prelude::*;

use super::*;

fn any_frame() -> impl Strategy<Value = Frame> {
    let id = 1..40_u64;
    let method = prop::sample::select(vec![APPEND, SUBSCRIBE, INFO, COMMIT, DOWNLOAD]);
    prop_oneof![
        (id.clone(), method.clone(), 0..300_usize).prop_map(|(id, method, size)| request(id, method, &vec![7; size])),
        (id.clone(), method, 1..9_000_usize).prop_map(|(id, method, size)| begun(
            id,
            method,
            size + 1,
            &vec![7; size.min(99)]
        )),
        (id.clone(), 1..100_usize).prop_map(|(id, size)| more(id, &vec![7; size])),
        id.clone().prop_map(|id| Frame::Cancel(call(id))),
        (id, 1..CREDIT_MAX).prop_map(|(id, bytes)| credit(id, bytes)),
        any::<u64>().prop_map(Frame::Ping),
        any::<u64>().prop_map(Frame::Pong),
    ]
}

proptest! {
    /// Whatever is sent and whenever it is answered: no panic, each call completed at most once, nothing after a close.
    #[test]
    fn no_sequence_of_frames_confuses_the_machine(
        steps in prop::collection::vec((any_frame(), any::<bool>(), 0..3_000_u64), 0..60),
    ) {
        let mut scene = Scene::logged_in();
        let mut completed = std::collections::BTreeSet::new();
        let mut working = Vec::new();
        for (frame, answered, pause) in steps {
            scene.say(frame);
            for effect in scene.asked() {
                match effect {
                    Effect::Call { call, method, .. } => working.push((call, method)),
                    Effect::CheckSession(_) => scene.connection.session_checked(scene.now, &Ok(())),
                    Effect::Abandon(_) | Effect::Verify(_) => {}
                }
            }
            if answered && let Some((call, method)) = working.pop() {
                if method.streams() {
                    if scene.connection.streaming(call) && scene.connection.wants_item(call) {
                        scene.connection.item(call, Bytes::from_static(b"item"));
                    }
                } else {
                    scene.connection.replied(call, Ok(Bytes::from_static(b"reply")));
                }
            }
            scene.wait(Duration::from_millis(pause));
            let mut closed = false;
            for frame in scene.heard() {
                prop_assert!(!closed, "{frame:?} after a close");
                match frame {
                    Frame::Reply { call, .. } | Frame::Failure { call, .. } | Frame::End(call) => {
                        prop_assert!(completed.insert(call), "{call:?} is completed twice");
                    }
                    Frame::Item { call, .. } => prop_assert!(!completed.contains(&call)),
                    Frame::Close(_) => closed = true,
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn no_bytes_confuse_the_machine(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut scene = Scene::logged_in();
        scene.say_bytes(bytes.into());
        scene.heard();
    }
}
