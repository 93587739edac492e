//! The real program against a real server. Each file in `transcripts/` is what somebody would see who typed it; `rig` tells how to read
//! one. `SOTTO_BLESS=1 cargo test -p sotto-tui --test transcripts` writes the files anew, to be reviewed like code.

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
    devices,
    groups,
    history_files,
    hostile_text_m9_m21,
    misuse,
    outage,
    russian,
    talk,
    trust,
    while_another_listens,
}
