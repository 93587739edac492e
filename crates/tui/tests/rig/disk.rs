//! Files beside those of the program.

use std::path::Path;

/// Does what a line says, and gives what is to be seen of it.
pub(crate) fn play(folder: &Path, line: &str) -> String {
    match line.split(' ').skip(1).collect::<Vec<_>>()[..] {
        ["make", name, length] => {
            make(&folder.join(name), length.parse().unwrap(), 1);
            String::new()
        }
        ["change", name] => {
            let length = std::fs::metadata(folder.join(name)).unwrap().len();
            make(&folder.join(name), length, 2);
            String::new()
        }
        ["folder", name] => {
            std::fs::create_dir(folder.join(name)).unwrap();
            String::new()
        }
        ["list", name] => {
            let entries = std::fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap());
            let mut lines: Vec<_> = entries
                .map(|entry| format!("{}  {}\n", entry.file_name().display(), entry.metadata().unwrap().len()))
                .collect();
            lines.sort();
            lines.concat()
        }
        ["same", one, other] => {
            let same = std::fs::read(folder.join(one)).unwrap() == std::fs::read(folder.join(other)).unwrap();
            if same { "the same\n".to_owned() } else { "not the same\n".to_owned() }
        }
        _ => panic!("nobody can do this: {line}"),
    }
}

/// Bytes of which no two stretches are alike; another seed makes others.
fn make(path: &Path, length: u64, seed: u64) {
    let words = (0..length.div_ceil(8)).map(|place| (place ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(usize::try_from(length).unwrap());
    std::fs::write(path, bytes).unwrap();
}
