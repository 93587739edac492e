//! For each message, which of its fields hold messages: enough to walk encoded bytes without decoding them.

use std::collections::BTreeMap;
use std::fmt::Write;

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

/// The table, and the place of each message in it.
pub(crate) fn generate(contract: &FileDescriptorSet) -> String {
    let messages: Vec<(String, &DescriptorProto)> = contract
        .file
        .iter()
        .flat_map(|file| file.message_type.iter().map(|m| (format!(".{}.{}", file.package(), m.name()), m)))
        .collect();
    let places: BTreeMap<&str, usize> = messages.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();

    let mut code = format!("pub(crate) static SCHEMAS: [Schema; {}] = [\n", messages.len());
    for (name, message) in &messages {
        writeln!(code, "    Schema(&[{}]), // {name}", children(message, &places)).expect(IN_MEMORY);
    }
    code.push_str("];\n");
    for (place, (_, message)) in messages.iter().enumerate() {
        writeln!(code, "impl Wire for wire::{} {{\n    const SCHEMA: usize = {place};\n}}", message.name())
            .expect(IN_MEMORY);
    }
    code
}

fn children(message: &DescriptorProto, places: &BTreeMap<&str, usize>) -> String {
    let fields = message.field.iter().filter(|field| field.r#type() == Type::Message);
    let pairs = fields.map(|field| format!("({}, {})", field.number(), places[field.type_name()]));
    pairs.collect::<Vec<_>>().join(", ")
}

const IN_MEMORY: &str = "writing to a string cannot fail";
