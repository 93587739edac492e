//! One enum over all methods of all services, with what the contract says of each.

use std::fmt::{self, Write};

use prost_types::source_code_info::Location;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto};

/// Field numbers of descriptor.proto, of which the paths of comments consist.
const SERVICE: usize = 6;
const METHOD: usize = 2;

/// The enum and its tables, and the type of reply for each type of request.
pub(crate) fn generate(contract: &FileDescriptorSet) -> Result<String, String> {
    let methods = methods(contract)?;
    let mut code = String::new();
    declare(&mut code, &methods).expect(IN_MEMORY);
    tabulate(&mut code, &methods).expect(IN_MEMORY);
    pair(&mut code, &methods).expect(IN_MEMORY);
    list(&mut code, &methods).expect(IN_MEMORY);
    Ok(code)
}

fn declare(code: &mut String, methods: &[Described]) -> fmt::Result {
    writeln!(code, "/// Every method of every service.")?;
    writeln!(code, "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]")?;
    writeln!(code, "pub enum Method {{")?;
    for Described { path, summary, variant, .. } in methods {
        writeln!(code, "    /// `{path}`: {summary}\n    {variant},")?;
    }
    writeln!(code, "}}")
}

fn tabulate(code: &mut String, methods: &[Described]) -> fmt::Result {
    writeln!(code, "impl Method {{\n    /// All of them, in the order of the contract.")?;
    writeln!(code, "    pub const ALL: [Self; {}] = [", methods.len())?;
    for Described { variant, .. } in methods {
        writeln!(code, "        Self::{variant},")?;
    }
    writeln!(code, "    ];\n\n    /// The method of that path.")?;
    writeln!(code, "    pub fn from_path(path: &str) -> Option<Self> {{\n        match path {{")?;
    for Described { path, variant, .. } in methods {
        writeln!(code, "            {path:?} => Some(Self::{variant}),")?;
    }
    writeln!(code, "            _ => None,\n        }}\n    }}\n}}")?;
    writeln!(code, "const FACTS: [Facts; {}] = [", methods.len())?;
    for Described { path, access, streams, .. } in methods {
        writeln!(code, "    Facts {{ path: {path:?}, access: Access::{access}, streams: {streams} }},")?;
    }
    writeln!(code, "];")
}

fn pair(code: &mut String, methods: &[Described]) -> fmt::Result {
    for Described { variant, request, response, .. } in methods {
        writeln!(code, "impl Call for wire::{request} {{\n    const METHOD: Method = Method::{variant};")?;
        writeln!(code, "    type Response = wire::{response};\n}}")?;
    }
    Ok(())
}

/// What is said of every request cannot forget one.
fn list(code: &mut String, methods: &[Described]) -> fmt::Result {
    writeln!(
        code,
        "/// Hands the types of all requests, in the order of [`Method::ALL`], to a macro of the caller's."
    )?;
    writeln!(code, "#[macro_export]\nmacro_rules! with_every_request {{ ($then:ident) => {{ $then! [")?;
    for Described { request, .. } in methods {
        writeln!(code, "    {request},")?;
    }
    writeln!(code, "] }} }}")
}

struct Described {
    variant: String,
    path: String,
    summary: String,
    access: &'static str,
    streams: bool,
    request: String,
    response: String,
}

fn methods(contract: &FileDescriptorSet) -> Result<Vec<Described>, String> {
    let mut described = Vec::new();
    for file in &contract.file {
        for (service_index, service) in file.service.iter().enumerate() {
            let service_name = service.name();
            for (index, method) in service.method.iter().enumerate() {
                let path = format!("{}.{service_name}/{}", file.package(), method.name());
                let comment = comment(file, [SERVICE, service_index, METHOD, index]);
                described.push(describe(service_name, method, path, &comment)?);
            }
        }
    }
    Ok(described)
}

fn describe(service: &str, method: &MethodDescriptorProto, path: String, comment: &str) -> Result<Described, String> {
    let access = access(comment).ok_or_else(|| format!("{path}: its comment does not say who may call it"))?;
    let area = service.strip_suffix("Service").unwrap_or(service);
    let sentence = comment.split(". ").next().unwrap_or_default().split(".\n").next().unwrap_or_default();
    Ok(Described {
        variant: format!("{area}{}", method.name()),
        summary: format!("{}.", sentence.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.')),
        access,
        streams: method.server_streaming(),
        request: local_name(method.input_type()),
        response: local_name(method.output_type()),
        path,
    })
}

/// The word after `Auth:` decides; what follows it is for people.
fn access(comment: &str) -> Option<&'static str> {
    let (_, rest) = comment.split_once("Auth: ")?;
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next()?;
    match word {
        "none" => Some("Anyone"),
        "session" => Some("Session"),
        "device" => Some("Device"),
        "fresh" => Some("Fresh"),
        "admin" => Some("Admin"),
        _ => None,
    }
}

fn comment(file: &FileDescriptorProto, path: [usize; 4]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let is_path = |location: &&Location| {
        location.path.len() == path.len() && location.path.iter().zip(path).all(|(a, b)| usize::try_from(*a) == Ok(b))
    };
    locations.filter(is_path).map(Location::leading_comments).collect()
}

fn local_name(full: &str) -> String {
    full.rsplit('.').next().unwrap_or(full).to_owned()
}

const IN_MEMORY: &str = "writing to a string cannot fail";
