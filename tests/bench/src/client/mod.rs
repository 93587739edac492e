//! What the client costs: the engine on its encrypted store, against a server in memory whose time does not count.

mod backlog;
mod figure;
mod files;
mod lists;
mod searching;
mod words;
mod world;

pub use figure::Figure;

/// How much is measured. The aims are for [`Scale::FULL`].
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Messages that a device has missed.
    pub backlog: u32,
    /// Conversations of a list, with ten messages each.
    pub chats: u32,
    /// Messages that are searched.
    pub searched: u32,
}

impl Scale {
    /// What a machine of its own can do.
    pub const FULL: Self = Self { backlog: 20_000, chats: 1_000, searched: 1_000_000 };
    /// What a host of WebAssembly can do, whose files are in its memory.
    pub const HOSTED: Self = Self { backlog: 10_000, chats: 1_000, searched: 100_000 };
}

type Part = fn(Scale) -> Vec<Figure>;

/// Measures all of it, or the named part.
pub fn figures(scale: Scale, part: Option<&str>) -> Vec<Figure> {
    let parts: [(&str, Part); 3] =
        [("backlog", backlog::figures), ("lists", lists::figures), ("search", searching::figures)];
    let wanted = parts.into_iter().filter(|(name, _)| part.is_none_or(|part| part == *name));
    wanted.flat_map(|(_, figures)| figures(scale)).collect()
}

/// The same as JSON.
pub fn report(scale: Scale, part: Option<&str>) -> String {
    serde_json::to_string(&figures(scale, part)).expect("texts and numbers can be written")
}

/// The same for a host of WebAssembly.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = reportClient)]
#[expect(clippy::needless_pass_by_value, reason = "JavaScript gives its texts away")]
pub fn report_hosted(part: Option<String>) -> String {
    report(Scale::HOSTED, part.as_deref())
}
