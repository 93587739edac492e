//! Which cases of the threat model are shown by tests. A test says so itself, by the case's id at the beginning or the end of its name:
//! `s6_…`, `…_a1_a2`, `"C7: …"`. `docs/ASSURANCE.md` is made of that, and a test here fails when it is not what the tests say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::answer;

/// Writes the page anew.
pub fn write(root: &Path) -> Result<()> {
    std::fs::write(root.join(PAGE), page(root)?).context("cannot write the page")
}

/// The page as it has to be.
fn page(root: &Path) -> Result<String> {
    let model = std::fs::read_to_string(root.join(MODEL)).context("cannot read the threat model")?;
    let sections = sections(&model);
    let shown = shown(root)?;
    let known: BTreeSet<&Id> = sections.iter().flat_map(|section| &section.cases).map(|case| &case.id).collect();
    if let Some((id, files)) = shown.iter().find(|(id, _)| !known.contains(id)) {
        bail!("{} names {id}, which is no case of {MODEL}", files.keys().next().map_or("a test", String::as_str));
    }
    Ok(written(&sections, &shown))
}

/// One of the tables of cases.
struct Section {
    title: String,
    cases: Vec<Case>,
}

struct Case {
    id: Id,
    attack: String,
    /// What the threat model says about where it is met, or why not.
    place: String,
}

/// `S16`
type Id = String;

/// By id, the files with tests for it, and how many.
type Shown = BTreeMap<Id, BTreeMap<String, usize>>;

fn sections(model: &str) -> Vec<Section> {
    let mut sections = Vec::<Section>::new();
    for line in model.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            sections.push(Section { title: title.to_owned(), cases: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            section.cases.extend(cases(line));
        }
    }
    sections.retain(|section| !section.cases.is_empty());
    sections
}

/// The cases of one row, of which there is more than one where they are met in the same way.
fn cases(row: &str) -> Vec<Case> {
    let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
    let [ids, attack, _, place] = cells[..] else { return Vec::new() };
    let ids = ids.split(", ").filter(|id| is_id(id));
    ids.map(|id| Case { id: id.to_owned(), attack: attack.to_owned(), place: place.to_owned() }).collect()
}

fn is_id(text: &str) -> bool {
    let number = text.strip_prefix(KINDS);
    number.is_some_and(|number| !number.is_empty() && number.len() < 3 && number.chars().all(|c| c.is_ascii_digit()))
}

fn shown(root: &Path) -> Result<Shown> {
    let files =
        answer(Command::new("git").current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut shown = Shown::new();
    for file in files.lines().filter(|file| holds_tests(file)) {
        let Ok(code) = std::fs::read_to_string(root.join(file)) else { continue };
        for id in code.lines().flat_map(ids_of_line) {
            *shown.entry(id).or_default().entry(file.to_owned()).or_default() += 1;
        }
    }
    Ok(shown)
}

fn holds_tests(file: &str) -> bool {
    let is_rust = Path::new(file).extension().is_some_and(|ending| ending == "rs");
    (is_rust && !file.starts_with("xtask/")) || file.ends_with(".spec.ts") || file.ends_with(".test.ts")
}

/// The cases that the test shows which begins in this line.
fn ids_of_line(line: &str) -> Vec<Id> {
    let line = line.trim_start();
    if let Some(test) = line.strip_prefix("test(").or_else(|| line.strip_prefix("it(")) {
        let title = test.trim_start_matches(['"', '`', '\'']);
        let (ids, _) = title.split_once(": ").unwrap_or_default();
        return ids.split(", ").filter(|id| is_id(id)).map(str::to_owned).collect();
    }
    let Some((_, name)) =
        line.split_once("fn ").filter(|(before, _)| before.chars().all(|c| c.is_lowercase() || " ()".contains(c)))
    else {
        return Vec::new();
    };
    let name = name.split(|c: char| c != '_' && !c.is_alphanumeric()).next().unwrap_or_default();
    let words: Vec<_> = name.split('_').map(str::to_uppercase).collect();
    let first = words.iter().take_while(|word| is_id(word));
    let last = words.iter().rev().take_while(|word| is_id(word));
    first.chain(last).cloned().collect()
}

fn written(sections: &[Section], shown: &Shown) -> String {
    let all: Vec<_> = sections.iter().flat_map(|section| &section.cases).collect();
    let covered = all.iter().filter(|case| shown.contains_key(&case.id)).count();
    let mut page = format!("{HEAD}\n{covered} of {} cases are shown.\n", all.len());
    for section in sections {
        let _ = write!(page, "\n## {}\n\n| id | case | shown by |\n|---|---|---|\n", section.title);
        for case in &section.cases {
            let _ = writeln!(page, "| {} | {} | {} |", case.id, case.attack, evidence(case, shown));
        }
    }
    page
}

fn evidence(case: &Case, shown: &Shown) -> String {
    let Some(files) = shown.get(&case.id) else {
        let is_said = SAID.iter().any(|start| case.place.starts_with(start));
        return if is_said { case.place.clone() } else { "**not yet**".to_owned() };
    };
    let links = files.iter().map(|(file, tests)| {
        let times = if *tests > 1 { format!(" ×{tests}") } else { String::new() };
        format!("[{}](../{file}){times}", short(file))
    });
    links.collect::<Vec<_>>().join(", ")
}

/// Enough of a path to tell it from others: `proof/kill.rs`.
fn short(file: &str) -> String {
    let parts: Vec<_> = file.split('/').filter(|part| !["src", "tests", "crates"].contains(part)).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

const PAGE: &str = "docs/ASSURANCE.md";
const MODEL: &str = "docs/THREAT-MODEL.md";
/// Server, member, network, API, client, operation, and the invariants that hold whatever happens.
const KINDS: &[char] = &['S', 'M', 'N', 'A', 'C', 'O', 'I'];
/// Where no test is to be expected, the threat model says so, with the reason.
const SAID: &[&str] = &["not promised", "not applicable"];
const HEAD: &str = "# Assurance

Each case of the [threat model](THREAT-MODEL.md#6-cases), and the tests that show how it ends. A test carries the id of its case in its
name, so `cargo test s6` runs those of S6. The page is made by `cargo xtask assurance`, and CI fails when it is not up to date.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_tests_say() {
        let root = crate::root();
        let page = page(&root).unwrap();
        let kept = std::fs::read_to_string(root.join(PAGE)).unwrap_or_default();
        assert!(page == kept, "{PAGE} is out of date; `cargo xtask assurance` writes it");
    }

    #[test]
    fn ids_stand_at_either_end_of_a_name() {
        assert_eq!(ids_of_line("fn s10_s6_handshakes_of_others() {"), ["S10", "S6"]);
        assert_eq!(ids_of_line("    pub(super) async fn commits_let_nobody_in_s4_s5(world: &World) {"), ["S5", "S4"]);
        assert_eq!(ids_of_line("test(\"C7, M9: no room left\", async () => {"), ["C7", "M9"]);
        assert_eq!(ids_of_line("test(`C7: the device has ${quota} bytes`, async () => {"), ["C7"]);
    }

    #[test]
    fn other_names_have_none() {
        for line in ["fn a_file_of_s3_is_kept()", "fn with_100_members()", "test(\"a tab: C1\")", "// the fn of s1"] {
            assert!(ids_of_line(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn a_row_may_hold_several_cases() {
        let cases = cases("| S7, S8 | reorder, drop | signed chain | built |");
        assert_eq!(cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["S7", "S8"]);
        assert!(super::cases("| id | Attack | Defence | Where |").is_empty());
    }

    #[test]
    fn what_nobody_shows_is_not_yet_unless_it_was_never_promised() {
        let model =
            "### A\n| S1 | ghost | - | built |\n| S2 | key | - | built |\n| S27 | bundle | - | not promised: §3.6 |\n";
        let shown = Shown::from([("S1".into(), BTreeMap::from([("tests/server/tests/proof/kill.rs".into(), 2)]))]);
        let page = written(&sections(model), &shown);
        assert!(page.contains("1 of 3 cases"), "{page}");
        assert!(page.contains("| S1 | ghost | [proof/kill.rs](../tests/server/tests/proof/kill.rs) ×2 |"), "{page}");
        assert!(page.contains("| S2 | key | **not yet** |") && page.contains("| not promised: §3.6 |"), "{page}");
    }
}
