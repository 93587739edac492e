//! The real program against a real server. Each file in `transcripts/` is what somebody would see who typed it; `rig` tells how to read
//! one. `SOTTO_BLESS=1 cargo test -p sotto-tui --test transcripts` writes the files anew, to be reviewed like code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

macro_rules! transcripts {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            rig::replay(stringify!($name));
        }
    )*};
}

transcripts! {
    account,
    bot,
    bot_over_http,
    devices,
    files,
    forwarding,
    groups,
    history_files,
    hostile_text_m9_m21,
    misuse,
    outage,
    russian,
    sessions,
    talk,
    trust,
    while_another_listens,
}
