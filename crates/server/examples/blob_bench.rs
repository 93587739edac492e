//! How fast parts of files are stored and read, beside what the disk does without us: `blob_bench FOLDER [MEBIBYTES]`.
#![allow(clippy::print_stdout, reason = "the numbers are the point")]
#![allow(clippy::unwrap_used, reason = "a measurement may stop at the first surprise")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use sotto_proto::FileId;
use sotto_server::blobs::{Blobs, open};

const PART: u32 = 1 << 20;
const READ: u32 = 256 << 10;
const AT_ONCE: usize = 8;
const FILE: FileId = FileId::from_bytes([0xbe; 16]);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "target/blob_bench".to_owned());
    let parts: u32 = arguments.next().map_or(512, |number| number.parse().unwrap());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    let part = Bytes::from(vec![0x5e; PART as usize]);

    say("bare disk, one file, one sync at the end", parts, bare(folder, &part, parts, false));
    say("bare disk, a file and a sync for each part", parts, bare(folder, &part, parts, true));
    let blobs = open(None, folder).unwrap();
    for at_once in [1, AT_ONCE] {
        say(&format!("parts stored, {at_once} at once"), parts, store(&*blobs, &part, parts, at_once).await);
        say("parts read in order", parts, read(&*blobs, parts).await);
        blobs.remove(FILE).await.unwrap();
    }
    println!("most memory ever: {}", peak());
    fs::remove_dir_all(folder).unwrap();
}

fn bare(folder: &Path, part: &[u8], parts: u32, each: bool) -> Duration {
    let bare = folder.join("bare");
    fs::create_dir_all(&bare).unwrap();
    let start = Instant::now();
    let mut file = File::create(bare.join("0")).unwrap();
    for index in 0..parts {
        if each {
            file = File::create(bare.join(index.to_string())).unwrap();
        }
        file.write_all(part).unwrap();
        if each {
            file.sync_all().unwrap();
            File::open(&bare).unwrap().sync_all().unwrap();
        }
    }
    file.sync_all().unwrap();
    let took = start.elapsed();
    fs::remove_dir_all(bare).unwrap();
    took
}

async fn store(blobs: &dyn Blobs, part: &Bytes, parts: u32, at_once: usize) -> Duration {
    let start = Instant::now();
    let stored = stream::iter(0..parts).map(|index| blobs.put(FILE, index, part.clone())).buffer_unordered(at_once);
    stored.for_each(|done| async { done.unwrap() }).await;
    start.elapsed()
}

async fn read(blobs: &dyn Blobs, parts: u32) -> Duration {
    let start = Instant::now();
    for index in 0..parts {
        for from in (0..PART).step_by(READ as usize) {
            blobs.get(FILE, index, from..from + READ).await.unwrap();
        }
    }
    start.elapsed()
}

fn say(what: &str, mebibytes: u32, took: Duration) {
    println!("{:>8.0} MiB/s  {what}", f64::from(mebibytes) / took.as_secs_f64());
}

fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}
