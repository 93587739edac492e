//! What two versions of the contract must have in common, so that programs of either understand each other.

use std::collections::BTreeMap;

use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
};

use super::source::shown;

/// Everything that broke between the two, a line each.
pub(super) fn problems(before: &FileDescriptorSet, after: &FileDescriptorSet) -> Vec<String> {
    let (before, after) = (Index::of(before), Index::of(after));
    let mut problems = Vec::new();
    for (name, old) in &before.messages {
        let found = match after.messages.get(name) {
            Some(new) => message_problems(old.value, new.value),
            None => vec!["message was removed".to_owned()],
        };
        problems.extend(found.into_iter().map(|problem| old.line(name, &problem)));
    }
    for (name, old) in &before.enums {
        let found = match after.enums.get(name) {
            Some(new) => enum_problems(old.value, new.value),
            None => vec!["enum was removed".to_owned()],
        };
        problems.extend(found.into_iter().map(|problem| old.line(name, &problem)));
    }
    for (name, old) in &before.methods {
        let found = match after.methods.get(name) {
            Some(new) => method_problems(old.value, new.value),
            None => vec!["method was removed".to_owned()],
        };
        problems.extend(found.into_iter().map(|problem| old.line(name, &problem)));
    }
    problems
}

/// Something and the file it was in.
struct Found<'a, T> {
    file: &'a str,
    value: &'a T,
}

impl<T> Found<'_, T> {
    fn line(&self, name: &str, problem: &str) -> String {
        format!("{}: {name}: {problem}", shown(self.file))
    }
}

/// Everything by its full name: to which file it belongs does not matter on the wire.
#[derive(Default)]
struct Index<'a> {
    messages: BTreeMap<String, Found<'a, DescriptorProto>>,
    enums: BTreeMap<String, Found<'a, EnumDescriptorProto>>,
    methods: BTreeMap<String, Found<'a, MethodDescriptorProto>>,
}

impl<'a> Index<'a> {
    fn of(contract: &'a FileDescriptorSet) -> Self {
        let mut index = Self::default();
        for file in &contract.file {
            index.add(file.name(), file.package(), &file.message_type, &file.enum_type);
            for service in &file.service {
                for method in &service.method {
                    let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                    index.methods.insert(name, Found { file: file.name(), value: method });
                }
            }
        }
        index
    }

    fn add(&mut self, file: &'a str, scope: &str, messages: &'a [DescriptorProto], enums: &'a [EnumDescriptorProto]) {
        for value in enums {
            self.enums.insert(format!("{scope}.{}", value.name()), Found { file, value });
        }
        for value in messages {
            let name = format!("{scope}.{}", value.name());
            self.add(file, &name, &value.nested_type, &value.enum_type);
            self.messages.insert(name, Found { file, value });
        }
    }
}

fn message_problems(old: &DescriptorProto, new: &DescriptorProto) -> Vec<String> {
    let mut problems = Vec::new();
    for field in &old.field {
        let (name, number) = (field.name(), field.number());
        if let Some(same) = new.field.iter().find(|new| new.number() == number) {
            problems.extend(field_problems((old, field), (new, same)));
        } else if let Some(moved) = new.field.iter().find(|new| new.name() == name) {
            problems.push(format!("field {name} was renumbered from {number} to {}", moved.number()));
        } else if !(is_reserved(new, number) && new.reserved_name.iter().any(|reserved| reserved == name)) {
            problems.push(format!("field {name} was removed without reserving its number {number} and its name"));
        }
    }
    for range in &old.reserved_range {
        for number in range.start()..range.end() {
            if !is_reserved(new, number) {
                problems.push(format!("number {number} is no longer reserved"));
            }
        }
    }
    problems
}

fn field_problems(
    (old_message, old): (&DescriptorProto, &FieldDescriptorProto),
    (new_message, new): (&DescriptorProto, &FieldDescriptorProto),
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut differ = |what: &str, before: String, after: String| {
        if before != after {
            problems.push(format!("field {}: {what} was changed from {before} to {after}", old.name()));
        }
    };
    differ("name", old.name().to_owned(), new.name().to_owned());
    differ("type", type_of(old), type_of(new));
    differ("cardinality", cardinality(old), cardinality(new));
    differ("oneof", oneof(old_message, old), oneof(new_message, new));
    problems
}

fn enum_problems(old: &EnumDescriptorProto, new: &EnumDescriptorProto) -> Vec<String> {
    let mut problems = Vec::new();
    for value in &old.value {
        let (name, number) = (value.name(), value.number());
        if let Some(same) = new.value.iter().find(|new| new.number() == number) {
            if same.name() != name {
                problems.push(format!("value {number} was renamed from {name} to {}", same.name()));
            }
        } else if let Some(moved) = new.value.iter().find(|new| new.name() == name) {
            problems.push(format!("value {name} was renumbered from {number} to {}", moved.number()));
        } else if !is_value_reserved(new, name, number) {
            problems.push(format!("value {name} was removed without reserving its number {number} and its name"));
        }
    }
    for range in &old.reserved_range {
        for number in range.start()..=range.end() {
            if !is_number_reserved(new, number) {
                problems.push(format!("number {number} is no longer reserved"));
            }
        }
    }
    problems
}

fn method_problems(old: &MethodDescriptorProto, new: &MethodDescriptorProto) -> Vec<String> {
    let mut problems = Vec::new();
    let mut differ = |what: &str, before: String, after: String| {
        if before != after {
            problems.push(format!("{what} was changed from {before} to {after}"));
        }
    };
    differ("request", local(old.input_type()), local(new.input_type()));
    differ("response", local(old.output_type()), local(new.output_type()));
    differ("streaming from the client", old.client_streaming().to_string(), new.client_streaming().to_string());
    differ("streaming from the server", old.server_streaming().to_string(), new.server_streaming().to_string());
    problems
}

fn type_of(field: &FieldDescriptorProto) -> String {
    match field.type_name() {
        "" => format!("{:?}", field.r#type()).to_ascii_lowercase(),
        name => local(name),
    }
}

fn cardinality(field: &FieldDescriptorProto) -> String {
    let word = if field.proto3_optional() { "explicitly optional".to_owned() } else { format!("{:?}", field.label()) };
    word.to_ascii_lowercase()
}

fn oneof(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let index = field.oneof_index.filter(|_| !field.proto3_optional());
    let found = index.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    found.map_or("none", |oneof| oneof.name()).to_owned()
}

/// Ranges of messages exclude their end, ranges of enums include it.
fn is_reserved(message: &DescriptorProto, number: i32) -> bool {
    message.reserved_range.iter().any(|range| (range.start()..range.end()).contains(&number))
}

fn is_value_reserved(found: &EnumDescriptorProto, name: &str, number: i32) -> bool {
    is_number_reserved(found, number) && found.reserved_name.iter().any(|reserved| reserved == name)
}

fn is_number_reserved(found: &EnumDescriptorProto, number: i32) -> bool {
    found.reserved_range.iter().any(|range| (range.start()..=range.end()).contains(&number))
}

fn local(name: &str) -> String {
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::source::tests::contract;

    const BEFORE: &str = r#"syntax = "proto3";
package sotto.v1;
service BallService {
  rpc Throw(ThrowRequest) returns (ThrowResponse);
}
message ThrowRequest {
  reserved 9;
  uint32 metres = 1;
  string hand = 2;
  Colour colour = 3;
  oneof manner {
    bool high = 4;
  }
}
message ThrowResponse {
  message Part {
    uint32 speed = 1;
  }
}
enum Colour {
  reserved 7;
  COLOUR_UNSPECIFIED = 0;
  COLOUR_RED = 1;
}
"#;

    fn changed(edits: &[(&str, &str)]) -> Vec<String> {
        let mut after = BEFORE.to_owned();
        for (old, new) in edits {
            assert!(after.contains(old), "{old}");
            after = after.replacen(old, new, 1);
        }
        let compile = |text| contract(&[("sotto/v1/ball.proto", text)]);
        problems(&compile(BEFORE), &compile(&after))
    }

    fn request(problem: &str) -> Vec<String> {
        vec![format!("proto/sotto/v1/ball.proto: sotto.v1.ThrowRequest: {problem}")]
    }

    fn colour(problem: &str) -> Vec<String> {
        vec![format!("proto/sotto/v1/ball.proto: sotto.v1.Colour: {problem}")]
    }

    fn throw(problem: &str) -> Vec<String> {
        vec![format!("proto/sotto/v1/ball.proto: sotto.v1.BallService/Throw: {problem}")]
    }

    #[test]
    fn additions_break_nothing() {
        let field = ("  uint32 metres = 1;", "  uint32 metres = 1;\n  bytes more = 5;");
        let value = ("COLOUR_RED = 1;", "COLOUR_RED = 1;\n  COLOUR_BLUE = 2;");
        let method = ("(ThrowResponse);", "(ThrowResponse);\n  rpc Catch(ThrowRequest) returns (ThrowResponse);");
        assert_eq!(changed(&[]), [""; 0]);
        assert_eq!(changed(&[field, value, method]), [""; 0]);
    }

    #[test]
    fn nothing_to_compare_with_passes() {
        let after = contract(&[("sotto/v1/ball.proto", BEFORE)]);
        assert_eq!(problems(&contract(&[]), &after), [""; 0]);
    }

    #[test]
    fn a_removed_field_leaves_its_number_and_name_reserved() {
        let missing = "field hand was removed without reserving its number 2 and its name";
        assert_eq!(changed(&[("  string hand = 2;\n", "")]), request(missing));
        assert_eq!(changed(&[("  string hand = 2;", "  reserved 2;")]), request(missing));
        assert_eq!(changed(&[("  string hand = 2;", "  reserved \"hand\";")]), request(missing));
        assert_eq!(changed(&[("  string hand = 2;", "  reserved 2;\n  reserved \"hand\";")]), [""; 0]);
    }

    #[test]
    fn fields_keep_number_name_type_cardinality_and_oneof() {
        let after = |old, new| changed(&[(old, new)]);
        assert_eq!(after("metres = 1", "metres = 5"), request("field metres was renumbered from 1 to 5"));
        assert_eq!(
            after("uint32 metres", "uint32 yards"),
            request("field metres: name was changed from metres to yards")
        );
        assert_eq!(
            after("uint32 metres", "uint64 metres"),
            request("field metres: type was changed from uint32 to uint64")
        );
        assert_eq!(
            after("Colour colour", "ThrowResponse colour"),
            request("field colour: type was changed from sotto.v1.Colour to sotto.v1.ThrowResponse")
        );
        assert_eq!(
            after("string hand", "repeated string hand"),
            request("field hand: cardinality was changed from optional to repeated")
        );
        assert_eq!(
            after("string hand", "optional string hand"),
            request("field hand: cardinality was changed from optional to explicitly optional")
        );
        let out =
            [("    bool high = 4;\n", "    bool low = 6;\n"), ("  uint32 metres", "  bool high = 4;\n  uint32 metres")];
        assert_eq!(changed(&out), request("field high: oneof was changed from manner to none"));
    }

    #[test]
    fn what_is_reserved_stays_reserved() {
        assert_eq!(changed(&[("  reserved 9;\n", "")]), request("number 9 is no longer reserved"));
        assert_eq!(changed(&[("  reserved 7;\n", "")]), colour("number 7 is no longer reserved"));
    }

    #[test]
    fn enum_values_keep_number_and_name() {
        let after = |new| changed(&[("  COLOUR_RED = 1;", new)]);
        assert_eq!(after("  COLOUR_ROT = 1;"), colour("value 1 was renamed from COLOUR_RED to COLOUR_ROT"));
        assert_eq!(after("  COLOUR_RED = 2;"), colour("value COLOUR_RED was renumbered from 1 to 2"));
        let missing = "value COLOUR_RED was removed without reserving its number 1 and its name";
        assert_eq!(after(""), colour(missing));
        assert_eq!(after("  reserved 1;\n  reserved \"COLOUR_RED\";"), [""; 0]);
    }

    #[test]
    fn methods_keep_their_types_and_streams() {
        let after = |old, new| changed(&[(old, new)]);
        let types = "from sotto.v1.ThrowRequest to sotto.v1.ThrowResponse";
        assert_eq!(
            after("Throw(ThrowRequest)", "Throw(ThrowResponse)"),
            throw(&format!("request was changed {types}"))
        );
        assert_eq!(
            after("returns (ThrowResponse)", "returns (ThrowRequest)"),
            throw("response was changed from sotto.v1.ThrowResponse to sotto.v1.ThrowRequest")
        );
        assert_eq!(
            after("returns (Throw", "returns (stream Throw"),
            throw("streaming from the server was changed from false to true")
        );
        assert_eq!(
            after("Throw(Throw", "Throw(stream Throw"),
            throw("streaming from the client was changed from false to true")
        );
    }

    #[test]
    fn messages_enums_and_methods_stay() {
        let line = |name, what| vec![format!("proto/sotto/v1/ball.proto: sotto.v1.{name}: {what} was removed")];
        let method = "  rpc Throw(ThrowRequest) returns (ThrowResponse);\n";
        assert_eq!(changed(&[(method, "")]), line("BallService/Throw", "method"));
        let part = "  message Part {\n    uint32 speed = 1;\n  }\n";
        assert_eq!(changed(&[(part, "")]), line("ThrowResponse.Part", "message"));
        let mut without = contract(&[("sotto/v1/ball.proto", BEFORE)]);
        without.file[0].enum_type.clear();
        let before = contract(&[("sotto/v1/ball.proto", BEFORE)]);
        assert_eq!(problems(&before, &without), line("Colour", "enum"));
    }

    #[test]
    fn moving_to_another_file_breaks_nothing() {
        let compile = |name| contract(&[(name, BEFORE)]);
        assert_eq!(problems(&compile("sotto/v1/ball.proto"), &compile("sotto/v1/toys.proto")), [""; 0]);
    }
}
