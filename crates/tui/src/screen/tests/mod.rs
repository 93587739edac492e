//! What the screen shows, as (screen, keys, screen). Each story is a text file beside this one: lines that begin with `>` are what a person
//! or the engine does, what stands below them up to the next is the screen then. `SOTTO_WRITE_SCREENS=1` writes the files anew, to be reviewed.

mod people;
pub(super) mod steps;

use std::path::PathBuf;

use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};

use super::draw::draw;
use super::model::Model;

macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                tell(stringify!($name), &mut people::nobody());
            }
        )*
    };
}

stories!(
    a_chat_is_opened_and_answered,
    a_chat_is_picked_by_its_name,
    a_message_is_forwarded,
    files_go_along_and_are_saved,
    who_was_signed_out_signs_in_again,
    a_group_talks,
    a_request_is_answered,
    an_empty_account_says_how_to_begin,
    messages_are_chosen_answered_changed_and_deleted,
    one_stays_where_one_was_while_others_write,
    people_compare_their_numbers,
    search_goes_to_what_was_found,
    settings_help_and_devices,
    strange_text_breaks_nothing,
    the_group_is_managed,
    the_mouse_does_what_keys_do,
    the_server_goes_and_comes_back,
    the_window_becomes_small,
    in_russian_without_colours,
);

/// Something that stories are about.
pub(super) trait Stage {
    /// Does what a line of a story says. What that makes it wish for is written down below it.
    fn take(&mut self, step: &str, told: &mut String);

    fn size(&self) -> (u16, u16);

    fn draw(&self, frame: &mut Frame<'_>);
}

impl Stage for Model {
    fn take(&mut self, step: &str, told: &mut String) {
        steps::take(self, step, told);
    }

    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw(self, frame);
    }
}

/// Plays a story and compares each of its screens.
pub(super) fn tell(name: &str, stage: &mut impl Stage) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/screen/tests/{name}.txt"));
    let expected = std::fs::read_to_string(&file).expect("the story is there");
    let told = play(&expected, stage);
    if std::env::var_os("SOTTO_WRITE_SCREENS").is_some() {
        std::fs::write(&file, told).expect("the story can be written");
        return;
    }
    if told != expected {
        let differs = told.lines().zip(expected.lines()).find(|(now, then)| now != then);
        panic!("{name} is told differently, first here: {differs:#?}\n\n{told}");
    }
}

/// The story with the screens that are really shown.
fn play(story: &str, stage: &mut impl Stage) -> String {
    let mut told = String::new();
    let mut lines = story.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(step) = line.strip_prefix('>') {
            told.extend([line, "\n"]);
            stage.take(step.trim(), &mut told);
            while lines.next_if(|line| !line.starts_with('>')).is_some() {}
            if lines.peek().is_none_or(|next| !next.starts_with('>')) || !step.trim().ends_with('\\') {
                told += &screen(stage);
            }
        } else {
            told.extend([line, "\n"]);
        }
    }
    told
}

/// The screen as text: no space at the end of a line.
pub(super) fn screen(stage: &impl Stage) -> String {
    let (width, height) = stage.size();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a back end in memory");
    let frame = terminal.draw(|frame| stage.draw(frame)).expect("a back end in memory");
    let mut text = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = frame.buffer[(x, y)].symbol();
            line += symbol;
            x += u16::try_from(super::text::width(symbol)).unwrap_or(1).max(1);
        }
        text.extend(["|", line.trim_end(), "\n"]);
    }
    text
}

/// However wide the letters are, each row has as many cells as the screen.
#[test]
fn no_row_is_wider_than_the_screen() {
    for width in 30_u16..130 {
        let mut model = people::strangely_written();
        steps::take(&mut model, &format!("size {width} 24"), &mut String::new());
        for line in screen(&model).lines() {
            assert!(super::text::width(line) <= usize::from(width) + 1, "at {width}: {line}");
        }
    }
}

/// All sizes down to nothing, with everything that can lie over the screen.
#[test]
fn no_size_and_no_key_breaks_it() {
    for key in ["F1", "F2", "F3", "F4", "F5", "Ctrl+n", "Ctrl+t", "Ctrl+g", "Ctrl+o", "Tab", "PgUp", "Esc"] {
        for (width, height) in [(0, 0), (1, 1), (29, 10), (30, 10), (30, 9), (69, 10), (70, 10), (80, 24), (200, 60)] {
            let mut model = people::strangely_written();
            let mut wishes = String::new();
            steps::take(&mut model, &format!("keys {key} Down Up"), &mut wishes);
            steps::take(&mut model, &format!("size {width} {height}"), &mut wishes);
            if width > 0 {
                screen(&model);
            }
            steps::take(&mut model, "keys Down Enter x End Home PgDn", &mut wishes);
        }
    }
}
