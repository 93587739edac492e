//! Stores that go back in time, and stores that are there twice. The server takes a token that was used before for a thief's and ends
//! the session, so the person is asked for the password; what was stored goes on from there.

use sotto_simulation::network::Weather;

use crate::world::{MINUTE, World};

#[test]
fn a_device_whose_store_was_rolled_back_loses_and_doubles_nothing_i1_i6() {
    let mut world = World::on_disk(20, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    world.say(ann, chat, "before");
    world.run_for(MINUTE);
    let backup = world.back_up(ann);
    world.say(ann, chat, "after the backup");
    world.run_for(1_000);
    world.say(ben, chat, "an answer");
    world.run_for(1_000);
    world.roll_back(ann, &backup);
    world.run_for(MINUTE);
    assert!(!world.engine(ann).is_signed_in(), "it is asked who it is");
    world.sign_in_again(ann);
    world.say(ann, chat, "after the way back");
    world.calm_down();
    let all = ["before", "after the backup", "an answer", "after the way back"];
    assert_eq!(world.texts(ann, chat), all);
    assert_eq!(world.texts(ben, chat), all);
    world.check();
}

#[test]
fn what_waited_in_a_store_that_was_rolled_back_is_sent_once_c5() {
    let mut world = World::on_disk(21, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    world.say(ann, chat, "on its way");
    let backup = world.back_up(ann);
    world.run_for(MINUTE);
    world.roll_back(ann, &backup);
    world.run_for(MINUTE);
    world.sign_in_again(ann);
    world.calm_down();
    assert_eq!(world.texts(ben, chat), ["on its way"]);
    world.check();
}

#[test]
fn two_machines_with_one_store_read_and_write_alike_i1_i6_n7() {
    let mut world = World::on_disk(22, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    let twin = world.clone_device(ann);
    world.run_for(20 * MINUTE);
    for device in [ann, twin] {
        assert!(!world.engine(device).is_signed_in(), "one of them may be a thief");
        world.sign_in_again(device);
    }
    for (device, text) in [(ann, "one"), (twin, "two"), (ben, "three"), (twin, "four")] {
        world.say(device, chat, text);
        world.run_for(MINUTE);
    }
    world.calm_down();
    for device in [ann, twin, ben] {
        assert_eq!(world.texts(device, chat), ["one", "two", "three", "four"]);
    }
    world.check();
}
