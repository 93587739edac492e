//! What a server stands on breaks and comes back, and a server has company (O2, O3, O4, O6, O7, O8, O12, O13).

mod cluster;
mod crowd;
mod disk;
mod files;
mod flush;
mod partition;
