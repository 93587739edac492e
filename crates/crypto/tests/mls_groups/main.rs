//! Groups, observer and roles together: scenarios with Alice, Bob, Carol and Mallory.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bad_paths;
mod damage;
mod generations;
mod histories;
mod mallory;
mod people;
mod refusals;
mod rulebook;
mod saboteur;
mod scene;
mod speakers;
mod verbs;
