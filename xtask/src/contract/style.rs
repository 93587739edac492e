//! The style of the contract: what must be documented, and how things are called.

use std::collections::{BTreeMap, BTreeSet};

use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto,
};

use super::source::shown;

/// Numbers that Protocol Buffers keeps for itself.
const RESERVED_NUMBERS: std::ops::RangeInclusive<i32> = 19_000..=19_999;
/// What the comment of every method states, each at the beginning of a line.
const METHOD_STATES: [&str; 3] = ["Auth:", "Limits:", "Errors:"];
/// Who may call a method: the first word after `Auth:` (docs/PROTOCOL.md, 11.3).
const LEVELS: [&str; 5] = ["none", "session", "device", "fresh", "admin"];
/// What a method says that answers no error of its own.
const COMMON: &str = "the common ones";
/// The enum of all errors that methods may name, and the prefix that they leave out.
const ERRORS: (&str, &str) = ("ErrorCode", "ERROR_CODE_");

/// Field numbers of descriptor.proto, of which the paths of comments consist.
mod path {
    pub(super) const PACKAGE: i32 = 2;
    pub(super) const MESSAGE: i32 = 4;
    pub(super) const ENUM: i32 = 5;
    pub(super) const SERVICE: i32 = 6;
    pub(super) const MESSAGE_FIELD: i32 = 2;
    pub(super) const MESSAGE_NESTED: i32 = 3;
    pub(super) const MESSAGE_ENUM: i32 = 4;
    pub(super) const MESSAGE_ONEOF: i32 = 8;
    pub(super) const ENUM_VALUE: i32 = 2;
    pub(super) const SERVICE_METHOD: i32 = 2;
}

/// Everything that breaks the style, a line each.
pub(super) fn problems(contract: &FileDescriptorSet) -> Vec<String> {
    let errors = error_names(contract);
    let mut problems = Vec::new();
    for file in &contract.file {
        let mut checker = Checker { comments: comments(file), errors: &errors, problems: Vec::new() };
        checker.file(file);
        problems.extend(checker.problems.into_iter().map(|problem| format!("{}: {problem}", shown(file.name()))));
    }
    problems
}

fn error_names(contract: &FileDescriptorSet) -> BTreeSet<String> {
    let (name, prefix) = ERRORS;
    let enums = contract.file.iter().flat_map(|file| &file.enum_type).filter(|found| found.name() == name);
    enums.flat_map(|found| &found.value).filter_map(|v| v.name().strip_prefix(prefix)).map(str::to_owned).collect()
}

fn comments(file: &FileDescriptorProto) -> BTreeMap<&[i32], &str> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    locations.map(|location| (&location.path[..], location.leading_comments().trim())).collect()
}

struct Checker<'a> {
    comments: BTreeMap<&'a [i32], &'a str>,
    errors: &'a BTreeSet<String>,
    problems: Vec<String>,
}

impl Checker<'_> {
    fn file(&mut self, file: &FileDescriptorProto) {
        self.require(file.syntax() == "proto3", "file", "is not proto3");
        let folder = file.name().rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = folder.replace('/', ".");
        self.require(
            file.package() == folder,
            "file",
            &format!("package {} is in the folder of {folder}", file.package()),
        );
        self.commented(&[path::PACKAGE], "file");
        for (message, index) in file.message_type.iter().zip(0..) {
            self.message(message, message.name(), &[path::MESSAGE, index]);
        }
        for (found, index) in file.enum_type.iter().zip(0..) {
            self.enumeration(found, found.name(), &[path::ENUM, index]);
        }
        for (service, index) in file.service.iter().zip(0..) {
            self.service(service, &[path::SERVICE, index]);
        }
    }

    fn message(&mut self, message: &DescriptorProto, name: &str, at: &[i32]) {
        self.commented(at, name);
        self.require(is_camel(message.name()), name, "is not in CamelCase");
        for (field, index) in message.field.iter().zip(0..) {
            self.field(field, &format!("{name}.{}", field.name()), &below(at, path::MESSAGE_FIELD, index));
        }
        let synthetic = message.field.iter().filter(|field| field.proto3_optional()).count();
        let oneofs = message.oneof_decl.len() - synthetic;
        for (oneof, index) in message.oneof_decl[..oneofs].iter().zip(0..) {
            let name = format!("{name}.{}", oneof.name());
            self.commented(&below(at, path::MESSAGE_ONEOF, index), &name);
            self.require(is_snake(oneof.name()), &name, "is not in snake_case");
        }
        for (nested, index) in message.nested_type.iter().zip(0..) {
            self.message(nested, &format!("{name}.{}", nested.name()), &below(at, path::MESSAGE_NESTED, index));
        }
        for (nested, index) in message.enum_type.iter().zip(0..) {
            self.enumeration(nested, &format!("{name}.{}", nested.name()), &below(at, path::MESSAGE_ENUM, index));
        }
    }

    fn field(&mut self, field: &FieldDescriptorProto, name: &str, at: &[i32]) {
        self.commented(at, name);
        self.require(is_snake(field.name()), name, "is not in snake_case");
        let number = field.number();
        self.require(!RESERVED_NUMBERS.contains(&number), name, &format!("number {number} is reserved"));
    }

    fn enumeration(&mut self, found: &EnumDescriptorProto, name: &str, at: &[i32]) {
        self.commented(at, name);
        self.require(is_camel(found.name()), name, "is not in CamelCase");
        let prefix = format!("{}_", upper_snake(found.name()));
        for (value, index) in found.value.iter().zip(0..) {
            let (own, value_name) = (value.name(), format!("{name}.{}", value.name()));
            self.commented(&below(at, path::ENUM_VALUE, index), &value_name);
            self.require(is_upper_snake(own), &value_name, "is not in UPPER_SNAKE_CASE");
            self.require(own.starts_with(&prefix), &value_name, &format!("does not begin with {prefix}"));
            let unspecified = own == format!("{prefix}UNSPECIFIED");
            self.require(value.number() != 0 || unspecified, &value_name, &format!("is 0 and not {prefix}UNSPECIFIED"));
        }
    }

    fn service(&mut self, service: &ServiceDescriptorProto, at: &[i32]) {
        self.commented(at, service.name());
        let well_named = is_camel(service.name()) && service.name().ends_with("Service");
        self.require(well_named, service.name(), "is not called SomethingService");
        for (method, index) in service.method.iter().zip(0..) {
            let name = format!("{}.{}", service.name(), method.name());
            self.method(method, &name, &below(at, path::SERVICE_METHOD, index));
        }
    }

    fn method(&mut self, method: &MethodDescriptorProto, name: &str, at: &[i32]) {
        self.commented(at, name);
        self.require(is_camel(method.name()), name, "is not in CamelCase");
        for (kind, end) in [(method.input_type(), "Request"), (method.output_type(), "Response")] {
            let wanted = format!("{}{end}", method.name());
            let local = kind.rsplit('.').next().unwrap_or(kind);
            self.require(local == wanted, name, &format!("uses {local} instead of {wanted}"));
        }
        self.require(!method.client_streaming(), name, "streams from the client, which gRPC-Web cannot do");
        self.method_comment(name, at);
    }

    fn method_comment(&mut self, name: &str, at: &[i32]) {
        let comment = self.comments.get(at).copied().unwrap_or_default();
        for part in METHOD_STATES {
            let stated =
                comment.lines().any(|line| line.trim().strip_prefix(part).is_some_and(|rest| !rest.is_empty()));
            self.require(stated, name, &format!("its comment does not state {part}"));
        }
        let after = |part: &str| comment.split_once(part).map(|(_, rest)| rest);
        if let Some(level) =
            after("Auth:").and_then(|auth| auth.split([' ', '.', ',', ';', '\n']).find(|word| !word.is_empty()))
        {
            self.require(LEVELS.contains(&level), name, &format!("its comment names the unknown level {level}"));
        }
        let errors = after("Errors:").unwrap_or_default();
        let named = errors.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.len() > 3);
        let named: Vec<&str> = named.collect();
        for word in &named {
            self.require(self.errors.contains(*word), name, &format!("its comment names the unknown error {word}"));
        }
        let says_which = errors.is_empty() || !named.is_empty() || errors.contains(COMMON);
        self.require(says_which, name, &format!("its comment names no error, and does not say {COMMON}"));
    }

    fn commented(&mut self, at: &[i32], name: &str) {
        let commented = self.comments.get(at).is_some_and(|comment| !comment.is_empty());
        self.require(commented, name, "has no comment");
    }

    fn require(&mut self, fine: bool, name: &str, problem: &str) {
        if !fine {
            self.problems.push(format!("{name}: {problem}"));
        }
    }
}

fn below(at: &[i32], kind: i32, index: i32) -> Vec<i32> {
    [at, &[kind, index]].concat()
}

fn is_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_snake(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(allowed) && !name.contains("__")
}

fn is_upper_snake(name: &str) -> bool {
    !name.chars().any(|c| c.is_ascii_lowercase()) && is_snake(&name.to_ascii_lowercase())
}

/// `EntryKind` becomes `ENTRY_KIND`.
fn upper_snake(camel: &str) -> String {
    let mut name = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::source::tests::contract;

    const GOOD: &str = r#"syntax = "proto3";

// What the file is about.
package sotto.v1;

// A service.
service BallService {
  // Throws it.
  // Auth: device.
  // Limits: 3 a day.
  // Errors: NOT_FOUND, and the common ones.
  rpc Throw(ThrowRequest) returns (stream ThrowResponse);
}

// A request.
message ThrowRequest {
  // How far.
  uint32 metres = 1;
  // How.
  oneof manner {
    // By whom.
    string hand_of = 2;
  }
}

// A reply.
message ThrowResponse {
  // A part.
  message Part {
    // How fast.
    optional uint32 speed = 1;
  }
  // The part.
  Part part = 1;
}

// Errors.
enum ErrorCode {
  // None.
  ERROR_CODE_UNSPECIFIED = 0;
  // It is not there.
  ERROR_CODE_NOT_FOUND = 1;
}
"#;

    fn problems_of(text: &str) -> Vec<String> {
        problems(&contract(&[("sotto/v1/ball.proto", text)]))
    }

    /// The one problem that an otherwise good contract has after a replacement.
    fn problem_after(old: &str, new: &str) -> String {
        assert!(GOOD.contains(old), "{old}");
        let found = problems_of(&GOOD.replacen(old, new, 1));
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn a_good_contract_passes() {
        assert_eq!(problems_of(GOOD), [""; 0]);
    }

    #[test]
    fn everything_is_commented() {
        for (comment, name) in [
            ("// What the file is about.\n", "file"),
            ("// A service.\n", "BallService"),
            ("// A request.\n", "ThrowRequest"),
            ("// How far.\n", "ThrowRequest.metres"),
            ("// How.\n", "ThrowRequest.manner"),
            ("// By whom.\n", "ThrowRequest.hand_of"),
            ("// A part.\n", "ThrowResponse.Part"),
            ("// How fast.\n", "ThrowResponse.Part.speed"),
            ("// Errors.\n", "ErrorCode"),
            ("// It is not there.\n", "ErrorCode.ERROR_CODE_NOT_FOUND"),
        ] {
            assert_eq!(problem_after(comment, ""), format!("proto/sotto/v1/ball.proto: {name}: has no comment"));
        }
    }

    #[test]
    fn methods_state_who_may_call_limits_and_errors() {
        for (line, part) in [
            ("// Auth: device.\n", "Auth:"),
            ("// Limits: 3 a day.\n", "Limits:"),
            ("// Errors: NOT_FOUND, and the common ones.\n", "Errors:"),
        ] {
            let problem = problem_after(line, "");
            assert_eq!(
                problem,
                format!("proto/sotto/v1/ball.proto: BallService.Throw: its comment does not state {part}")
            );
        }
        assert!(problem_after("Limits: 3 a day.", "Limits:").ends_with("does not state Limits:"));
    }

    #[test]
    fn methods_name_errors_that_exist() {
        assert!(problem_after("Errors: NOT_FOUND", "Errors: NOT_FUOND").ends_with("names the unknown error NOT_FUOND"));
    }

    #[test]
    fn methods_say_which_errors_and_which_level() {
        let problem = problem_after("Errors: NOT_FOUND, and the common ones.", "Errors: some.");
        assert!(problem.ends_with("BallService.Throw: its comment names no error, and does not say the common ones"));
        let problem = problem_after("Auth: device.", "Auth: anybody, really.");
        assert!(problem.ends_with("BallService.Throw: its comment names the unknown level anybody"), "{problem}");
        let common = GOOD.replace("Errors: NOT_FOUND, and the common ones.", "Errors: the common ones.");
        assert_eq!(problems_of(&common), [""; 0]);
    }

    #[test]
    fn names_are_in_style() {
        assert!(problem_after("uint32 metres", "uint32 Metres").ends_with("ThrowRequest.Metres: is not in snake_case"));
        assert!(problem_after("string hand_of", "string hand__of").ends_with("is not in snake_case"));
        assert!(problem_after("oneof manner", "oneof Manner").ends_with("ThrowRequest.Manner: is not in snake_case"));
        assert!(problem_after("service BallService", "service Ball").ends_with("Ball: is not called SomethingService"));
        let renamed = GOOD.replace("Part part", "part_ part").replace("message Part", "message part_");
        assert!(problems_of(&renamed)[0].ends_with("ThrowResponse.part_: is not in CamelCase"));
        let upper = problem_after("ERROR_CODE_UNSPECIFIED", "ERROR_CODE_UNSPECIFIED_");
        assert!(upper.ends_with("is 0 and not ERROR_CODE_UNSPECIFIED"), "{upper}");
    }

    #[test]
    fn enum_values_carry_their_enum() {
        let found = problems_of(
            &GOOD.replace("ERROR_CODE_NOT_FOUND", "not_FOUND").replace("Errors: NOT_FOUND, and", "Errors:"),
        );
        assert!(found[0].ends_with("ErrorCode.not_FOUND: is not in UPPER_SNAKE_CASE"), "{found:?}");
        assert!(found[1].ends_with("ErrorCode.not_FOUND: does not begin with ERROR_CODE_"), "{found:?}");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn requests_and_responses_belong_to_their_method() {
        let problem = problem_after("rpc Throw(ThrowRequest)", "rpc Throw(ThrowResponse)");
        assert!(problem.ends_with("BallService.Throw: uses ThrowResponse instead of ThrowRequest"));
        let problem = problem_after("(stream ThrowResponse)", "(ThrowRequest)");
        assert!(problem.ends_with("BallService.Throw: uses ThrowRequest instead of ThrowResponse"));
    }

    #[test]
    fn clients_do_not_stream() {
        assert!(problem_after("Throw(ThrowRequest)", "Throw(stream ThrowRequest)").contains("streams from the client"));
    }

    #[test]
    fn package_folder_and_syntax_agree() {
        let moved = problems(&contract(&[("sotto/v2/ball.proto", GOOD)]));
        assert_eq!(moved, ["proto/sotto/v2/ball.proto: file: package sotto.v1 is in the folder of sotto.v2"]);
        let old = "syntax = \"proto2\";\n// About.\npackage sotto.v1;\n";
        assert_eq!(problems_of(old), ["proto/sotto/v1/ball.proto: file: is not proto3"]);
    }

    #[test]
    fn reserved_numbers_are_not_used() {
        let mut used = contract(&[("sotto/v1/ball.proto", GOOD)]);
        used.file[0].message_type[0].field[0].number = Some(19_500);
        assert_eq!(problems(&used), ["proto/sotto/v1/ball.proto: ThrowRequest.metres: number 19500 is reserved"]);
    }
}
