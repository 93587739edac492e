//! `Debug` that prints nothing for what must not reach a log: content that only members may read, and secrets.

use std::collections::BTreeSet;
use std::fmt::Write;

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_types::source_code_info::Location;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// The file whose messages are all sealed content.
const SEALED_CONTENT: &str = "sotto/v1/event.proto";
/// What the comment of a field says that holds a secret.
const SECRET: &str = "A secret";
/// Field numbers of descriptor.proto, of which the paths of comments consist.
const MESSAGE_TYPE: i32 = 4;
const FIELD: i32 = 2;

/// Full names of the messages whose generated `Debug` is left out, and with it that of their oneofs.
pub(crate) fn redacted(contract: &FileDescriptorSet) -> Vec<String> {
    messages(contract).map(|(file, message)| format!(".{}.{}", file.package(), message.name())).collect()
}

/// The redacting implementations.
pub(crate) fn generate(contract: &FileDescriptorSet) -> String {
    let mut code = String::new();
    for (_, message) in messages(contract) {
        implement(&mut code, message.name(), message.name());
        for oneof in &message.oneof_decl {
            let name = oneof.name().to_upper_camel_case();
            implement(&mut code, &format!("{}::{name}", message.name().to_snake_case()), &name);
        }
    }
    code
}

fn implement(code: &mut String, path: &str, name: &str) {
    writeln!(
        code,
        "impl ::core::fmt::Debug for {path} {{\n    \
         fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         f.debug_struct(\"{name}\").finish_non_exhaustive()\n    }}\n}}"
    )
    .expect("writing to a string cannot fail");
}

fn messages(contract: &FileDescriptorSet) -> impl Iterator<Item = (&FileDescriptorProto, &DescriptorProto)> {
    contract.file.iter().flat_map(|file| {
        let secret = messages_with_secrets(file);
        let is_redacted = move |index: usize| file.name() == SEALED_CONTENT || secret.contains(&index);
        let messages = file.message_type.iter().enumerate();
        messages.filter(move |(index, _)| is_redacted(*index)).map(move |(_, message)| (file, message))
    })
}

fn messages_with_secrets(file: &FileDescriptorProto) -> BTreeSet<usize> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    locations.filter(|location| location.leading_comments().contains(SECRET)).filter_map(message_of_field).collect()
}

fn message_of_field(location: &Location) -> Option<usize> {
    match location.path[..] {
        [MESSAGE_TYPE, message, FIELD, _] => usize::try_from(message).ok(),
        _ => None,
    }
}
