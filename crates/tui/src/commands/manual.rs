//! What shells and manual readers are told.

use clap::CommandFactory as _;
use clap_complete::Generator;

use crate::arguments::{Arguments, Shell};
use crate::console::Console;
use crate::failure::Failure;
use crate::words::Message;

pub(super) fn completions(shell: Shell, console: &mut Console) -> Result<(), Failure> {
    let generator: clap_complete::Shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Pwsh => clap_complete::Shell::PowerShell,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    let mut command = Arguments::command();
    command.set_bin_name("sotto");
    command.build();
    let mut script = Vec::new();
    generator.generate(&command, &mut script);
    console.pass_on(&String::from_utf8_lossy(&script), false)
}

/// The page of the program, and after it a section for each command.
pub(super) fn page(console: &mut Console) -> Result<(), Failure> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command.clone()).render(&mut page).and_then(|()| {
        command.get_subcommands().filter(|command| command.get_name() != "help").try_for_each(|command| {
            let page_of_command = clap_mangen::Man::new(command.clone());
            page_of_command.render_synopsis_section(&mut page)?;
            page_of_command.render_description_section(&mut page)?;
            page_of_command.render_options_section(&mut page)
        })
    });
    written.map_err(|error| Message::OutputFailed { why: error.to_string() }.failed())?;
    console.pass_on(&String::from_utf8_lossy(&page), false)
}
